package duotest

import (
	"net/http"
	"net/url"
	"strings"
)

// apiRoute is one call of a signed API.
type apiRoute struct {
	method, pattern string
	permission      Permission // of an Admin API integration; empty: none
	// serve answers with the response, a [listing] or a [picture]. It holds
	// the server's mutex.
	serve func(*apiCall) (any, error)
	// waits instead of serve does without the mutex, for calls that wait.
	waits func(*apiCall) (any, error)
}

// picture is a response that is no JSON.
type picture []byte

// requestTarget is the path as it was sent, and the query. Ruby's client sends
// an absolute URI.
func requestTarget(r *http.Request) (path, query string) {
	target := r.RequestURI
	if target == "" { // made by hand
		return r.URL.EscapedPath(), r.URL.RawQuery
	}
	path, query, _ = strings.Cut(target, "?")
	if _, rest, absolute := strings.Cut(path, "://"); absolute && !strings.HasPrefix(path, "/") {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return rest[i:], query
		}
		return "/", query
	}
	return path, query
}

// match finds the route of a call. Of several that fit, the first one in the
// table counts. methods are those that the path does have.
func (s *Server) match(method, path string) (found *apiRoute, ids map[string]string, methods []string) {
	for i := range s.apiRoutes {
		route := &s.apiRoutes[i]
		ids, ok := route.fits(path)
		switch {
		case !ok:
		case route.method == strings.ToUpper(method):
			return route, ids, nil
		default:
			methods = append(methods, route.method)
		}
	}
	return nil, nil, methods
}

// fits compares part by part; {name} takes any one part.
func (r *apiRoute) fits(path string) (map[string]string, bool) {
	var ids map[string]string
	pattern := r.pattern
	for pattern != "" {
		var want, got string
		var more bool
		want, pattern, _ = strings.Cut(pattern[1:], "/")
		if pattern != "" {
			pattern = "/" + pattern
		}
		if !strings.HasPrefix(path, "/") {
			return nil, false
		}
		got, path, more = strings.Cut(path[1:], "/")
		if more {
			path = "/" + path
		}
		if !strings.HasPrefix(want, "{") {
			if want != got {
				return nil, false
			}
			continue
		}
		id, err := url.PathUnescape(got)
		if err != nil || id == "" {
			return nil, false
		}
		if ids == nil {
			ids = map[string]string{}
		}
		ids[strings.Trim(want, "{}")] = id
	}
	return ids, path == ""
}

// isSigned says whether a request speaks to a signed API, if only to a path
// that none of them has.
func isSigned(r *http.Request) bool {
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Basic") {
		return true
	}
	path, _ := requestTarget(r)
	for _, prefix := range []string{"/auth/", "/admin/", "/accounts/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
