package health_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/health"
)

// ask is an answer of the handler: status, body.
func ask(t *testing.T, h *health.Health, method, path string, operator bool) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.Handler(func(*http.Request) bool { return operator }).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return w.Code, w.Body.String()
}

// A server is ready once it serves, while its checks pass, and until it drains;
// why it is not is for operators.
func TestReady(t *testing.T) {
	t.Parallel()
	var trouble error
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	h := health.New(health.Config{
		Checks: []health.Check{{Name: "store", Look: func(context.Context) error { return trouble }}},
		Notes:  func() []string { return []string{"a sink is behind"} },
		Now:    func() time.Time { now = now.Add(2 * time.Second); return now },
	})
	expect := func(when string, status int, words, reasons string) {
		t.Helper()
		if got, body := ask(t, h, http.MethodGet, "/readyz", false); got != status || body != words {
			t.Errorf("%s: %d %q, want %d %q", when, got, body, status, words)
		}
		if got, body := ask(t, h, http.MethodGet, "/readyz", true); got != status || !strings.Contains(body, reasons) {
			t.Errorf("%s, for operators: %d %q, want %d %q", when, got, body, status, reasons)
		}
		if got, body := ask(t, h, http.MethodGet, "/healthz", false); got != http.StatusOK || body != "alive\n" {
			t.Errorf("%s: healthz = %d %q", when, got, body)
		}
	}
	expect("at the start", http.StatusServiceUnavailable, "not ready\n", `"starting"`)
	h.Serving()
	expect("serving", http.StatusOK, "ready\n", `{"ready":true,"notes":["a sink is behind"]}`)
	trouble = errors.New("disk on fire")
	expect("in trouble", http.StatusServiceUnavailable, "not ready\n", `"store: disk on fire"`)
	trouble = nil
	expect("healed", http.StatusOK, "ready\n", `"ready":true`)
	h.Draining()
	h.Serving()
	expect("draining", http.StatusServiceUnavailable, "not ready\n", `"draining`)
	if got, _ := ask(t, h, http.MethodPost, "/readyz", true); got != http.StatusMethodNotAllowed {
		t.Errorf("POST = %d", got)
	}
	if got, _ := ask(t, h, http.MethodGet, "/", true); got != http.StatusNotFound {
		t.Errorf("another path = %d", got)
	}
}

// A check that hangs makes the server not ready in two seconds, and is not begun
// once more; asking often looks once a second.
func TestHangingCheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		var looks atomic.Int32
		h := health.New(health.Config{Checks: []health.Check{{Name: "disk", Look: func(context.Context) error {
			looks.Add(1)
			<-free
			return nil
		}}}})
		h.Serving()
		began := time.Now()
		for range 3 {
			if r := h.Report(t.Context()); r.Ready || len(r.Reasons) != 1 || r.Reasons[0] != "disk: does not answer" {
				t.Errorf("report %+v, want that the disk does not answer", r)
			}
			time.Sleep(2 * time.Second)
		}
		if took := time.Since(began); took > 10*time.Second || looks.Load() != 1 {
			t.Errorf("took %v and %d looks, want one", took, looks.Load())
		}
		close(free)
		time.Sleep(2 * time.Second)
		for range 100 {
			if r := h.Report(t.Context()); !r.Ready {
				t.Errorf("report %+v after it was freed", r)
			}
		}
		if looks.Load() != 2 {
			t.Errorf("%d looks, want one more for a hundred questions", looks.Load())
		}
	})
}
