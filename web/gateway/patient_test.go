package gateway_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"mfaserver/session"
	"mfaserver/web/gateway"
)

// logs collects what is logged.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// says answers with these very bytes.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = conn.Write([]byte(text))
		_ = conn.Close()
	}
}

// Threat T193: what a call says about patients, in its path, its query, its headers, its
// body or the engine's answer, is in neither log nor trail, whatever becomes of
// the call.
func TestNothingOfAPatientIsKept(t *testing.T) {
	t.Parallel()
	const patient = "MRN-4711-Doe"
	answers := map[string]http.HandlerFunc{
		"answered": func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, patient) },
		"refused there": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Error", patient)
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = fmt.Fprint(w, patient)
		},
		"sent elsewhere": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://evil.example/?q="+patient)
			w.WriteHeader(http.StatusFound)
		},
		"forgotten there": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, patient)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
		"no HTTP":        says(patient + "\r\n\r\n"),
		"no header":      says("HTTP/1.1 200 OK\r\n" + patient + "\r\n\r\n"),
		"no status":      says("HTTP/1.1 " + patient + "\r\n\r\n"),
		"no length":      says("HTTP/1.1 200 OK\r\nContent-Length: " + patient + "\r\n\r\n"),
		"no chunk":       says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + patient + "\r\n\r\n"),
		"no trailer":     says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" + patient + "\r\n\r\n"),
		"behind the end": says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na" + patient),
		"denied here":    nil,
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &logs{}
			w := newWire(t, answer)
			h := newHouse(t, func(c *gateway.Config) {
				to(w)(c)
				c.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				if answer == nil {
					c.Access = rules(func(session.Session, *http.Request) error { return &gateway.DeniedError{Reason: "read_only"} })
				}
			})
			_, cookie := h.signIn(t, "alice", canary)
			r := h.request(t, http.MethodPost, "/api/channels/"+patient+"/messages/_search?textSearch="+patient, strings.NewReader(patient), cookie)
			r.Header.Set("Accept", "application/json;q="+patient)
			r.Header.Set("X-Patient", patient)
			if res, err := h.Client.Do(r); err == nil {
				_ = res.Body.Close()
			}
			for what, text := range map[string]string{"log": log.String(), "trail": fmt.Sprintf("%+v", h.Trail.Events())} {
				if strings.Contains(text, patient) || strings.Contains(text, "4711") {
					t.Errorf("the %s holds it: %s", what, text)
				}
			}
		})
	}
}
