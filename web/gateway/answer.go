package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"

	"mfaserver/internal/mirth"
)

// reasonHeader says why a request of a signed-in client was refused, whatever
// format it takes.
const reasonHeader = "X-Mfa-Reason"

// empty answers with a status and no body.
func empty(w http.ResponseWriter, status int) {
	if status != http.StatusNoContent {
		w.Header().Set("Content-Length", "0")
	}
	w.WriteHeader(status)
}

// retryAfter is how soon a client may ask again, in seconds.
const retryAfter = "5"

// unavailable answers for a part of us that cannot answer.
func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", retryAfter)
	empty(w, http.StatusServiceUnavailable)
}

// refusal is an answer in the engine's shape for errors, with a reason for
// programs.
type refusal struct {
	Message string `json:"message"`
	Status  string `json:"status"`
	Reason  string `json:"reason,omitempty"`
}

// refuse answers a refusal: in a header, and as JSON where the client takes
// it. No client knows an XML class for it.
func refuse(w http.ResponseWriter, r *http.Request, status int, reason string) {
	if reason != "" {
		w.Header().Set(reasonHeader, reason)
	}
	body, contentType := refusalBody(r, status, reason)
	if body == nil {
		empty(w, status)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails
}

func refusalBody(r *http.Request, status int, reason string) (body []byte, contentType string) {
	if f, ok := mirth.Negotiate(r.Header["Accept"]); !ok || f != mirth.FormatJSON {
		return nil, ""
	}
	body, err := json.Marshal(refusal{Message: http.StatusText(status), Status: strconv.Itoa(status), Reason: reason})
	if err != nil {
		return nil, ""
	}
	return body, mirth.FormatJSON.ContentType()
}

// noSession answers that the session is over, or with 503 that nobody can
// tell.
func noSession(w http.ResponseWriter, r *http.Request, status int) {
	if status != http.StatusUnauthorized {
		unavailable(w)
		return
	}
	refuse(w, r, status, "")
}
