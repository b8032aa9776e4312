package duoclient

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// refusal reads Duo's words of refusal: its own envelope (stat FAIL, code,
// message, message_detail) or OAuth's (error, error_description; RFC 6749
// section 5.2). An answer that is neither is malformed.
func refusal(c call, a *answer, body object) error {
	e := &APIError{
		Call:       c.name,
		HTTPStatus: a.status,
		Code:       code(body["code"]),
		Message:    foreignText(body.text("message"), c.hide),
		Detail:     foreignText(body.text("message_detail"), c.hide),
		Method:     c.method,
		Path:       c.path,
	}
	word := body.text("message")
	if oauth := body.text("error"); oauth != "" {
		word = oauth
		e.Message = foreignText(oauth, c.hide)
		e.Detail = foreignText(body.text("error_description"), c.hide)
	} else if body["stat"] != "FAIL" {
		return fault(c.name, "HTTP "+strconv.Itoa(a.status)+" with an answer that is neither success nor refusal", ErrMalformedResponse)
	}
	e.kind = meaning(word)
	if e.kind == ErrMisconfigured { //nolint:errorlint // meaning gives the sentinel itself
		if off, known := clockOf(a, body); known && (off > maxSkew || off < -maxSkew) {
			e.kind, e.note = ErrClockSkew, describeSkew(off)
		}
	}
	return e
}

// meaning sorts the words that are known; any other refusal is about our
// request, never about the user.
func meaning(word string) error {
	switch word {
	case "invalid_grant":
		return ErrCodeRefused
	case "server_error", "temporarily_unavailable":
		return ErrOutage
	default:
		return ErrMisconfigured
	}
}

// clockOf compares the clocks by what a refusal tells of Duo's: the timestamp
// of its body, or else the Date header.
func clockOf(a *answer, body object) (time.Duration, bool) {
	if seconds, ok := body.integer("timestamp"); ok {
		return skew(a, seconds), true
	}
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return 0, false
	}
	return skew(a, date.Unix()), true
}

// code reads Duo's code, which is a number, and sometimes a number in a
// string.
func code(v any) int {
	var text string
	switch v := v.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}
