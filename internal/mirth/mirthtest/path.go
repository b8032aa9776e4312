package mirthtest

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// target is a request target cut the way the engine cuts it: by raw bytes, so
// that escapes never become separators or names of operations, but parameters
// inside of segments are dropped.
type target struct {
	// raw is the path without the query, as sent.
	raw string
	// context is "/api" or "/api/4.5.2", empty outside of the API.
	context string
	// segments are what follows the context, without their parameters.
	segments []string
	// almost: the path is the API's only once escapes and dots are resolved,
	// and so reaches the API but no operation.
	almost bool
	// session is a session id from a parameter.
	session string
	query   string
}

func (s *Server) parseTarget(r *http.Request) target {
	text := r.RequestURI
	for _, scheme := range []string{"http://", "https://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			_, after, _ := strings.Cut(rest, "/")
			text = "/" + after
		}
	}
	t := target{}
	t.raw, t.query, _ = strings.Cut(text, "?")
	rest, ok := strings.CutPrefix(t.raw, "/api")
	if !ok || (rest != "" && rest[0] != '/') {
		t.almost = resolvesToAPI(t.raw)
		return t
	}
	t.context = "/api"
	if v := "/" + s.config.Version; rest == v || strings.HasPrefix(rest, v+"/") {
		t.context += v
		rest = rest[len(v):]
	}
	rest = strings.TrimPrefix(rest, "/")
	if rest == "" {
		return t
	}
	t.segments = strings.Split(rest, "/")
	for i, segment := range t.segments {
		name, params, _ := strings.Cut(segment, ";")
		t.segments[i] = name
		for p := range strings.SplitSeq(params, ";") {
			if id, ok := strings.CutPrefix(p, "jsessionid="); ok {
				t.session = id
			}
		}
	}
	if last := len(t.segments) - 1; last > 0 && t.segments[last] == "" {
		t.segments = t.segments[:last]
	}
	return t
}

// resolvesToAPI reports whether a path that does not begin with /api ends up
// there in the eyes of a server that resolves dots and escapes first.
func resolvesToAPI(raw string) bool {
	if strings.HasPrefix(raw, "//") {
		return false
	}
	plain, err := url.PathUnescape(raw)
	if err != nil {
		return false
	}
	var kept []string
	for segment := range strings.SplitSeq(plain, "/") {
		name, _, _ := strings.Cut(segment, ";")
		kept = append(kept, name)
	}
	clean := path.Clean(strings.Join(kept, "/"))
	return clean == "/api" || strings.HasPrefix(clean, "/api/")
}

// badMessage is Jetty's reason to refuse a target before any dispatch, empty
// when it does not.
func (t target) badMessage() string {
	for segment := range strings.SplitSeq(t.raw, "/") {
		if strings.HasPrefix(segment, "..;") || strings.HasPrefix(segment, ".;") {
			return "Ambiguous path parameters"
		}
	}
	if strings.Contains(t.raw, "%00") {
		return "Bad Request"
	}
	return ""
}
