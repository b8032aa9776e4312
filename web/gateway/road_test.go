package gateway_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"mfaserver/web/gateway"
)

// lastOne is a way to an engine that keeps the last request.
type lastOne struct {
	count int
	r     *http.Request
}

func (l *lastOne) RoundTrip(r *http.Request) (*http.Response, error) {
	l.count++
	l.r = r
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r,
	}, nil
}

// Threat T129: the road itself is closed to a request that was not given a
// session of this gateway, and to one with any other cookies than its own.
func TestRoadIsClosed(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	engine, elsewhere := &lastOne{}, &lastOne{}
	h := newHouse(t, func(c *gateway.Config) { c.Target, c.Transport = w.URL, engine })
	other := newHouse(t, func(c *gateway.Config) { c.Target, c.Transport = w.URL, elsewhere })
	s, _ := h.signIn(t, "alice", canary)
	h.Serve(newRecorder(), bare("/api/channels"), s)
	if engine.count != 1 {
		t.Fatalf("%d requests crossed, want 1", engine.count)
	}
	crossed := engine.r
	withCookies := func(values ...string) *http.Request {
		r := crossed.Clone(crossed.Context())
		r.Header["Cookie"] = values
		return r
	}
	for _, tt := range []struct {
		name string
		road http.RoundTripper
		r    *http.Request
	}{
		{"of nobody", h.Road(), bare("/api/channels")},
		{"of another gateway", other.Road(), crossed},
		{"without a cookie", h.Road(), withCookies()},
		{"with two cookies", h.Road(), withCookies("JSESSIONID=a", "JSESSIONID=b")},
	} {
		if res, err := tt.road.RoundTrip(tt.r); !errors.Is(err, gateway.ErrNoTransfer) {
			t.Errorf("a request %s = %v, want ErrNoTransfer", tt.name, err)
			if res != nil {
				closing(res.Body)
			}
		}
	}
	if engine.count != 1 || elsewhere.count != 0 {
		t.Errorf("%d and %d requests crossed, want one and none", engine.count, elsewhere.count)
	}
}
