package browser

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxForm is the largest form in bytes (threat T025).
	maxForm = 8 << 10
	// bodyDeadline is how long a client may take over a form (threat T025).
	bodyDeadline = 10 * time.Second
)

// StatusError is a refusal with a status of its own and no body.
type StatusError int

func (e StatusError) Error() string { return "browser: form refused: " + http.StatusText(int(e)) }

// ReadForm reads a posted form: only application/x-www-form-urlencoded, only
// UTF-8, never from the query, each of the names at most once (threats T023,
// T024, T025). Other fields are ignored. An error is a
// [StatusError].
func ReadForm(w http.ResponseWriter, r *http.Request, names ...string) (map[string]string, error) {
	body, err := postedBody(w, r)
	if err != nil {
		return nil, err
	}
	return ParseForm(body, names)
}

// postedBody is the body of a form as it was posted.
func postedBody(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		return "", StatusError(http.StatusBadRequest)
	}
	if !formType(r.Header) {
		return "", StatusError(http.StatusUnsupportedMediaType)
	}
	return readBody(w, r)
}

// formType reports whether the body is a form as it stands: one media type,
// no charset but UTF-8, no compression (threat T181).
func formType(h http.Header) bool {
	if len(h.Values("Content-Encoding")) > 0 {
		return false
	}
	types := h.Values("Content-Type")
	if len(types) != 1 {
		return false
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != "application/x-www-form-urlencoded" {
		return false
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}

// readBody reads a small body within [bodyDeadline].
func readBody(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.ContentLength > maxForm {
		return "", tooLarge(w)
	}
	control := http.NewResponseController(w)
	// Not every writer has a connection with deadlines; the size is bounded
	// in any case.
	timed := control.SetReadDeadline(time.Now().Add(bodyDeadline)) == nil //nolint:forbidigo // sockets know only the real clock
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if timed && err == nil && len(body) <= maxForm {
		// The whole body is here. Otherwise the deadline stays: the server
		// still reads some of the rest before it closes.
		_ = control.SetReadDeadline(time.Time{})
	}
	switch {
	case err != nil && isTimeout(err):
		w.Header().Set("Connection", "close")
		return "", StatusError(http.StatusRequestTimeout)
	case err != nil:
		return "", StatusError(http.StatusBadRequest)
	case len(body) > maxForm:
		return "", tooLarge(w)
	}
	return string(body), nil
}

func tooLarge(w http.ResponseWriter) error {
	w.Header().Set("Connection", "close")
	return StatusError(http.StatusRequestEntityTooLarge)
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}

// ParseForm decodes the body of a form and picks the named fields; see
// [ReadForm].
func ParseForm(body string, names []string) (map[string]string, error) {
	form, _, err := parseForm(body, names, nil)
	return form, err
}

// parseForm picks fields that may be there once and fields that may be there
// more often, in their order.
func parseForm(body string, names, lists []string) (map[string]string, map[string][]string, error) {
	form, many := make(map[string]string, len(names)), make(map[string][]string, len(lists))
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(rawName)
		value, valueErr := url.QueryUnescape(rawValue)
		if nameErr != nil || valueErr != nil || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, nil, StatusError(http.StatusBadRequest)
		}
		if slices.Contains(lists, name) {
			many[name] = append(many[name], value)
			continue
		}
		if !slices.Contains(names, name) {
			continue
		}
		if _, twice := form[name]; twice {
			return nil, nil, StatusError(http.StatusBadRequest)
		}
		form[name] = value
	}
	return form, many, nil
}
