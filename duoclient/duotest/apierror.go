package duotest

import (
	"fmt"
	"net/http"
)

// apiError is an answer of a signed API that is not OK.
type apiError struct {
	code            int
	message, detail string
}

// Error names code and message.
func (e *apiError) Error() string { return fmt.Sprintf("%d %s (%s)", e.code, e.message, e.detail) }

// status is what the code begins with.
func (e *apiError) status() int { return e.code / 100 }

// The service's refusals. A new one for each answer, so that nobody shares
// them.
func errMissing(name string) error {
	return &apiError{40001, "Missing required request parameters", name}
}

func errInvalid(detail string) error {
	return &apiError{40002, "Invalid request parameters", detail}
}
func errDuplicate() error     { return &apiError{40003, "Duplicate resource", ""} }
func errNoCredentials() error { return &apiError{40101, "Missing request credentials", ""} }
func errUnknownKey() error {
	return &apiError{40102, "Invalid integration key in request credentials", ""}
}

func errBadSignature() error      { return &apiError{40103, "Invalid signature in request credentials", ""} }
func errNoTimestamp() error       { return &apiError{40104, "Missing request timestamp", ""} }
func errBadTimestamp() error      { return &apiError{40105, "Bad request timestamp", ""} }
func errContentType() error       { return &apiError{40106, "Invalid content type in request", ""} }
func errForbidden(d string) error { return &apiError{40301, "Access forbidden", d} }
func errNotFound() error          { return &apiError{40401, "Resource not found", ""} }
func errMethod() error            { return &apiError{40501, "Method not allowed", ""} }

// wrongType is what the service says about keys of another API.
const wrongType = "Wrong integration type for this API."

// refuse answers with an error of a signed API: members sorted, with blanks,
// and none of the headers that good answers carry.
func (x *exchange) refuse(e *apiError) {
	o := object{{"code", e.code}, {"message", e.message}}
	if e.detail != "" {
		o = append(o, member{"message_detail", e.detail})
	}
	o = append(o, member{"stat", "FAIL"})
	x.status, x.object, x.blanks = e.status(), o, true
	x.header.Set("Content-Type", "application/json")
}

// succeed answers with the envelope of a signed API.
func (x *exchange) succeed(response, metadata any) {
	o := object{{"response", response}, {"stat", "OK"}}
	if metadata != nil {
		o = append(object{{"metadata", metadata}}, o...)
	}
	x.status, x.object, x.etag = http.StatusOK, o, true
	for name, value := range map[string]string{
		"Content-Type":              "application/json",
		"Cache-Control":             "no-store",
		"Pragma":                    "no-cache",
		"Strict-Transport-Security": "max-age=31536000",
		"Content-Security-Policy":   "default-src 'self'; frame-src 'self' ; img-src 'self'  ; connect-src 'self'",
	} {
		x.header.Set(name, value)
	}
}

// withBlanks puts a blank after every colon and comma between the texts of a
// JSON value, as the service's error answers have it.
func withBlanks(text []byte) []byte {
	out := make([]byte, 0, len(text)+16)
	inside, escaped := false, false
	for _, b := range text {
		out = append(out, b)
		switch {
		case escaped:
			escaped = false
		case inside && b == '\\':
			escaped = true
		case b == '"':
			inside = !inside
		case !inside && (b == ':' || b == ','):
			out = append(out, ' ')
		}
	}
	return out
}
