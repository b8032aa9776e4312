package web

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"mfaserver/internal/rules"
)

// ownFolder is the part of the API that is never the engine's.
const ownFolder = "/extensions/mfa"

// forwarded matches what is the engine's: everything below the API but our own
// table and our own folder. It stands before the other routes, so that what is
// asked most is found first.
func (s *Server) forwarded(r *http.Request, _ *mux.RouteMatch) bool {
	path, ok := rules.APIPath(r.URL.EscapedPath())
	if !ok || r.URL.EscapedPath() == "/api" || inOwnFolder(path) {
		return false
	}
	for i := range s.endpoints {
		if s.endpoints[i].path == path {
			return false
		}
	}
	return true
}

// inOwnFolder does not look at letter case: an engine might not either.
func inOwnFolder(path string) bool {
	n := len(ownFolder)
	return len(path) >= n && strings.EqualFold(path[:n], ownFolder) && (len(path) == n || path[n] == '/')
}

// forward passes the request of a signed-in client on to the engine. There is
// no way past the session (threat T129), but to the few files that everybody
// may see.
func (s *Server) forward(w http.ResponseWriter, r *http.Request) {
	notesOf(r.Context()).route = "gateway"
	if s.deps.Gateway.PublicFile(r.URL.Path) {
		notesOf(r.Context()).route = "files"
		s.files.ServeHTTP(w, r)
		return
	}
	if !customHeader(r) && !bearsToken(r.Header) {
		empty(w, http.StatusBadRequest)
		return
	}
	if ownName(r.URL.Path) {
		// However the login is spelled, it is not the engine's (threat T139).
		empty(w, http.StatusNotFound)
		return
	}
	sess, err := s.visitor(r)
	if err != nil {
		s.noSession(w, r, err)
		return
	}
	if sess.Token != "" {
		if sess.Carry, err = s.deps.TokenCarries.Carry(r.Context(), sess.Token, sess.Username); err != nil {
			s.unavailableHeaders(w, r, err)
			empty(w, http.StatusServiceUnavailable)
			return
		}
	}
	s.deps.Gateway.Serve(w, r, sess)
}

// ownName reports whether a segment of a decoded path is one of the login's.
func ownName(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		switch strings.ToLower(segment) {
		case "_login", "_logout", "_inactivitylogout":
			return true
		}
	}
	return false
}
