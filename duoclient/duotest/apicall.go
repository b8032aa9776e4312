package duotest

import (
	"encoding/json"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// apiCall is one call of a signed API that was let in.
type apiCall struct {
	*exchange

	integration *integration
	ids         map[string]string // of the path
	params      url.Values
}

// readSigned keeps the bytes of a request and its parameters in their order:
// those of the query, of an urlencoded body, and the members of a JSON object.
func (x *exchange) readSigned() (parts signedParts, params url.Values, err error) {
	path, rawQuery := requestTarget(x.r)
	parts = signedParts{
		method: x.r.Method, path: path, hosts: hostsOf(x.r, x.account.apiHost),
		body: x.raw, headers: xDuoHeaders(x.r.Header),
	}
	if parts.query, err = pairs(rawQuery); err != nil {
		return parts, nil, err
	}
	media, _, _ := mime.ParseMediaType(x.r.Header.Get("Content-Type")) // empty when it is none
	switch {
	case len(x.raw) == 0:
	case media == "" || media == "application/x-www-form-urlencoded":
		parts.formBody = true
		parts.form, err = pairs(string(x.raw))
	case media == "application/json":
		parts.json = true
		parts.form, err = jsonPairs(x.raw)
	}
	params = url.Values{}
	for _, p := range append(slices.Clip(parts.query), parts.form...) {
		params.Add(p[0], p[1])
	}
	if !parts.formBody {
		parts.form = nil // not what a signature of version 2 is about
	}
	return parts, params, err
}

// pairs decodes an urlencoded text and keeps order, repetitions and blanks.
func pairs(text string) ([][2]string, error) {
	var out [][2]string
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, errInvalid("encoding")
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, errInvalid("encoding")
		}
		out = append(out, [2]string{name, value})
	}
	return out, nil
}

// jsonPairs reads the members of a JSON object: texts as they are, null as an
// empty text, anything else as its JSON text.
func jsonPairs(body []byte) ([][2]string, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, errInvalid("body")
	}
	var out [][2]string
	for name, raw := range members {
		text := string(raw)
		var s string
		if json.Unmarshal(raw, &s) == nil { // null as well
			text = s
		}
		out = append(out, [2]string{name, text})
	}
	return out, nil
}

func (c *apiCall) has(name string) bool { return c.params.Has(name) }

func (c *apiCall) text(name string) string { return c.params.Get(name) }

// required is a parameter that must be there and not empty.
func (c *apiCall) required(name string) (string, error) {
	if c.params.Get(name) == "" {
		return "", errMissing(name)
	}
	return c.params.Get(name), nil
}

// number reads a whole number between low and high, or the default when there
// is none.
func (c *apiCall) number(name string, standard, low, high int) (int, error) {
	text := c.text(name)
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, errInvalid(name)
	}
	return n, nil
}

// flag reads a boolean as clients write it.
func (c *apiCall) flag(name string, standard bool) (bool, error) {
	value, ok := parseFlag(c.text(name))
	switch {
	case c.text(name) == "":
		return standard, nil
	case !ok:
		return false, errInvalid(name)
	default:
		return value, nil
	}
}

func parseFlag(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "1", "true":
		return true, true
	case "0", "false":
		return false, true
	default:
		return false, false
	}
}

// oneOf reads one of the words, whatever their case; the default when there is
// none.
func (c *apiCall) oneOf(name, standard string, words ...string) (string, error) {
	text := c.text(name)
	if text == "" {
		return standard, nil
	}
	for _, word := range words {
		if strings.EqualFold(word, text) {
			return word, nil
		}
	}
	return "", errInvalid(name)
}

// list reads a JSON array of texts.
func (c *apiCall) list(name string, most int) ([]string, error) {
	var out []string
	if err := json.Unmarshal([]byte(c.text(name)), &out); err != nil || len(out) > most {
		return nil, errInvalid(name)
	}
	return out, nil
}
