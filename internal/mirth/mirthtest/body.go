package mirthtest

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxText is how much of a body an operation reads.
const maxText = 1 << 20

// text is the body.
func (c *call) text() []byte {
	body, _ := io.ReadAll(io.LimitReader(c.Body, maxText)) // a cut body is a short one
	return body
}

// form reads the fields of the body, or of the query where the body is empty.
func (c *call) form() (map[string]string, error) {
	body := string(c.text())
	if c.Header.Get("Content-Type") == "" {
		return nil, nil //nolint:nilnil // the engine sees no fields at all then
	}
	if body == "" {
		body = c.target.query
	}
	fields := map[string]string{}
	for pair := range strings.SplitSeq(body, "&") {
		name, text, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err //nolint:wrapcheck // becomes a 400
		}
		text, err = url.QueryUnescape(text)
		if err != nil {
			return nil, err //nolint:wrapcheck // becomes a 400
		}
		if _, taken := fields[name]; !taken && name != "" {
			fields[name] = text
		}
	}
	return fields, nil
}

// hash takes as long as a password does.
func (s *Server) hash(r *http.Request) { s.wait(r, s.config.SlowHash) }

// wait passes time, or says false when the client or the server went first.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.stopped():
		return false
	}
}
