package duoclient

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// envelope is what Duo puts around every answer of the signed APIs.
type envelope struct {
	response json.RawMessage
	metadata json.RawMessage
}

// openEnvelope reads an answer that is no refusal.
func openEnvelope(op operation, a *answer) (*envelope, error) {
	o, err := exactObject(a.body)
	if err != nil {
		return nil, fault(op.name(), "answer: "+err.Error(), ErrMalformedResponse)
	}
	if literal(o["stat"]) != "OK" {
		return nil, fault(op.name(), "answer without stat OK", ErrMalformedResponse)
	}
	response, ok := o["response"]
	if !ok {
		return nil, fault(op.name(), "answer without response", ErrMalformedResponse)
	}
	return &envelope{response: response, metadata: o["metadata"]}, nil
}

// into reads the response as one object.
func (e *envelope) into(op operation, to any) error {
	if err := decode(e.response, to); err != nil {
		return unexpected(op, "one object: "+err.Error())
	}
	return nil
}

// text reads the response as a string.
func (e *envelope) text(op operation) (string, error) {
	var s *string
	if err := json.Unmarshal(e.response, &s); err != nil || s == nil {
		return "", unexpected(op, "a string")
	}
	return *s, nil
}

// elements reads a JSON array.
func elements(raw json.RawMessage) ([]json.RawMessage, bool) {
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil || all == nil {
		return nil, false
	}
	return all, true
}

// failed reports a refusal that came with HTTP 200.
func failed(a *answer) bool {
	o, _ := exactObject(a.body) // nothing, when it is none
	return literal(o["stat"]) == "FAIL"
}

// refuse reads a refusal. What is none either, and neither 429 nor 5xx, is
// malformed.
func refuse(op operation, c call, a *answer, now time.Time) error {
	o, err := exactObject(a.body)
	if err != nil {
		o = nil
	}
	if literal(o["stat"]) != "FAIL" && !passing(a.status) {
		return fault(op.name(), "HTTP "+strconv.Itoa(a.status)+" with an answer that is neither success nor refusal", ErrMalformedResponse)
	}
	e := &APIError{
		Call:       op.name(),
		HTTPStatus: a.status,
		Message:    foreignText(literal(o["message"]), c.hide),
		Detail:     foreignText(literal(o["message_detail"]), c.hide),
		Method:     op.method,
		Path:       op.path,
	}
	if n, err := strconv.ParseUint(literal(o["code"]), 10, 31); err == nil {
		e.Code = int(n)
	}
	if passing(a.status) {
		e.RetryAfter = retryAfter(a.header, now)
	}
	e.kind = kindOf(e.HTTPStatus, e.Code)
	if e.kind == ErrClockSkew { //nolint:errorlint // kindOf gives the sentinel itself
		if off, known := clockOf(a, nil); known && (off > maxSkew || off < -maxSkew) {
			e.note = describeSkew(off)
		}
	}
	return e
}

// kindOf sorts refusals by Duo's code, and where the code is not known by its
// first three digits or the HTTP status.
func kindOf(status, code int) error {
	if code == 40105 {
		return ErrClockSkew
	}
	if code == 40003 {
		return ErrDuplicate
	}
	if class := code / 100; code >= 10000 && code < 100000 && status < 500 {
		status = class
	}
	switch {
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status >= 500:
		return ErrOutage
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusConflict:
		return ErrDuplicate
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return ErrMisconfigured
	default:
		return ErrBadParameter
	}
}

// literal gives a string's text, and a number or boolean as it is written;
// everything else is "".
func literal(raw json.RawMessage) string {
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || bytes.Equal(raw, []byte("null")) {
		return ""
	}
	if raw[0] != '"' {
		return string(raw)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return ""
	}
	return s
}

// exactObject reads data as one JSON object, at most maxDepth deep, whose
// member names are exact and none of which comes twice. encoding/json's
// structs would take any case and the last of several.
func exactObject(data []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(data) {
		return nil, errBadText
	}
	if !shallow(data) {
		return nil, errTooDeep
	}
	if !json.Valid(data) {
		return nil, errNotJSON
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errNotJSON
	}
	o := make(map[string]json.RawMessage)
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errNotJSON
		}
		if _, dup := o[name]; dup {
			return nil, errDuplicateKey
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, errNotJSON
		}
		o[name] = raw
	}
	return o, nil
}
