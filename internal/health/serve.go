package health

import (
	"encoding/json"
	"net/http"
)

// The paths.
const (
	PathAlive = "/healthz"
	PathReady = "/readyz"
)

// Handler answers at [PathAlive] with 200, and at [PathReady] with 200 or 503:
// to whom operator knows as one, with what is wrong; to others with the status
// and a word.
func (h *Health) Handler(operator func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		switch r.URL.Path {
		case PathAlive:
			say(w, http.StatusOK, "alive\n")
		case PathReady:
			h.ready(w, r, operator(r))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

func (h *Health) ready(w http.ResponseWriter, r *http.Request, operator bool) {
	report := h.Report(r.Context())
	status, word := http.StatusOK, "ready\n"
	if !report.Ready {
		status, word = http.StatusServiceUnavailable, "not ready\n"
		w.Header().Set("Retry-After", "1")
	}
	if !operator {
		say(w, status, word)
		return
	}
	body, err := json.Marshal(report)
	if err != nil {
		say(w, http.StatusInternalServerError, "")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // who asked may be gone
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // who asked may be gone
}
