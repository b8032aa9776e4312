package adminapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/adminops"
	"mfaserver/internal/secret"
)

const (
	// maxBody is the largest body in bytes.
	maxBody = 64 << 10
	// bodyTime is how long a client may take over it.
	bodyTime = 10 * time.Second
)

// window is the part of a list that is wanted.
type window struct{ limit, offset int }

const (
	defaultLimit = 100
	maxLimit     = 1000
	maxOffset    = 1_000_000
)

// read takes the request apart; what it does not know is refused.
func (c *call) read(r *route) (adminops.Call, window, *problem) {
	out := adminops.Call{Operation: r.op.Name, Actor: c.actor()}
	w := window{limit: defaultLimit}
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return out, w, invalid("The query cannot be read.")
	}
	for name, values := range query {
		if len(values) != 1 {
			return out, w, invalid("The query has a parameter twice.")
		}
		if name == "org" && values[0] == "" {
			return out, w, invalid("org is empty.")
		}
	}
	out.Org = query.Get("org")
	query.Del("org")
	if r.op.List {
		if p := w.read(query); p != nil {
			return out, w, p
		}
	}
	out.Query = query
	body, p := c.body(r)
	out.Body = secret.New(string(body))
	return out, w, p
}

// read takes limit and offset out of the query.
func (w *window) read(query url.Values) *problem {
	for _, part := range []struct {
		name      string
		to        *int
		low, high int
	}{{"limit", &w.limit, 1, maxLimit}, {"offset", &w.offset, 0, maxOffset}} {
		if !query.Has(part.name) {
			continue
		}
		n, err := strconv.Atoi(query.Get(part.name))
		if err != nil || n < part.low || n > part.high {
			return invalid(part.name + " must be " + strconv.Itoa(part.low) + " to " + strconv.Itoa(part.high) + ".")
		}
		*part.to = n
		query.Del(part.name)
	}
	return nil
}

// body reads the JSON of a POST; nothing else has any.
func (c *call) body(r *route) ([]byte, *problem) {
	if r.method != http.MethodPost {
		if c.r.ContentLength != 0 {
			return nil, invalid("This takes no body; parameters are in the query.")
		}
		return nil, nil
	}
	if !jsonType(c.r.Header) {
		return nil, &problem{status: http.StatusUnsupportedMediaType, code: "unsupported_media_type", message: "Send application/json."}
	}
	control := http.NewResponseController(c.w)
	timed := control.SetReadDeadline(time.Now().Add(bodyTime)) == nil //nolint:forbidigo // sockets know only the real clock
	body, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	switch {
	case err != nil:
		c.w.Header().Set("Connection", "close")
		return nil, bodyProblem(err)
	case len(body) > maxBody:
		c.w.Header().Set("Connection", "close")
		return nil, &problem{status: http.StatusRequestEntityTooLarge, code: "too_large", message: "The body is larger than 64 KiB."}
	}
	if timed {
		_ = control.SetReadDeadline(time.Time{})
	}
	return body, nil
}

func bodyProblem(err error) *problem {
	if t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && t.Timeout() {
		return &problem{status: http.StatusRequestTimeout, code: "timeout", message: "The body took too long."}
	}
	return invalid("The body cannot be read.")
}

// jsonType reports whether the body is JSON as it stands: one media type, no
// charset but UTF-8, no compression. A form or text/plain is what a page of
// another site could send (threat T156).
func jsonType(h http.Header) bool {
	types := h.Values("Content-Type")
	if len(types) != 1 || len(h.Values("Content-Encoding")) > 0 {
		return false
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != "application/json" {
		return false
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}
