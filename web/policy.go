package web

import (
	"net/http"
	"strings"
)

// Limits on the header section (threat T177). maxHeaderLines counts lines,
// Host among them; maxHeaderBytes counts names, values and separators.
const (
	maxHeaderBytes = 32 << 10
	maxHeaderLines = 100
)

// refuse applies the request policy, before routing: what it lets through has
// one reading, a bounded size and a method that exists here. It reports
// whether it answered. No answer of it has a body, so nothing is reflected.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request) bool {
	if !knownMethod(r.Method) {
		// CONNECT and TRACE come with targets of their own, so the method
		// is judged first.
		w.Header().Set("Allow", s.allowed(r))
		empty(w, http.StatusMethodNotAllowed)
		return true
	}
	if status := checkTarget(r.RequestURI); status != 0 {
		empty(w, status)
		return true
	}
	if path, _, _ := strings.Cut(r.RequestURI, "?"); r.URL.EscapedPath() != path || r.URL.Host != "" {
		// Our reading and the router's must be the same.
		empty(w, http.StatusBadRequest)
		return true
	}
	if headersTooLarge(r) {
		empty(w, http.StatusRequestHeaderFieldsTooLarge)
		return true
	}
	return false
}

// knownMethod reports whether a method means anything here, case and all
// (threat T132).
func knownMethod(m string) bool {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return true
	default:
		return false
	}
}

func headersTooLarge(r *http.Request) bool {
	lines, size := 1, len(r.Method)+len(r.RequestURI)+len(" HTTP/1.1  \r\n")+len("Host: \r\n")+len(r.Host)
	for name, values := range r.Header {
		lines += len(values)
		for _, v := range values {
			size += len(name) + len(v) + len(": \r\n")
		}
	}
	return lines > maxHeaderLines || size > maxHeaderBytes
}

// customHeader reports whether the request carries the header that a browser
// never adds by itself to another site's request, as the engine demands it
// (threats T027, T114).
func customHeader(r *http.Request) bool {
	return strings.TrimSpace(r.Header.Get("X-Requested-With")) != ""
}
