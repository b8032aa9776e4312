package web

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
)

// stockClient stands in the User-Agent of the engine's own Java client. It
// cannot read an answer 429.
const stockClient = "(Mirth Server Connection)"

// retryUnavailable is how soon a client may ask again after a 503.
const retryUnavailable = 5 * time.Second

// deliver is write for an answer whose arrival matters: what it can tell is
// whether the connection took it.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, status int, f mirth.Format, v mirth.Encoder) error {
	if err := s.write(w, r, status, f, v); err != nil {
		return err
	}
	if err := http.NewResponseController(w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// write sends one of Mirth's documents. The error is that of the connection,
// as far as it is seen; the server sends it with the end of the request, as
// to flush it before costs every answer another wake-up.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, f mirth.Format, v mirth.Encoder) error {
	body, err := mirth.Encode(f, v)
	if err != nil {
		s.log.ErrorContext(r.Context(), "answer cannot be encoded",
			slog.String("request_id", RequestID(r.Context())), slog.Any("err", err))
		s.failed(w, r)
		return err
	}
	w.Header().Set("Content-Type", f.ContentType())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err = w.Write(body) //nolint:gosec // G705: XML or JSON of the encoder, served as such and with nosniff
	return err
}

// fail sends a LoginStatus that is not a success.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, f mirth.Format, word mirth.Status, text string) {
	// The client is gone when this fails, and has nothing to lose.
	_ = s.write(w, r, status, f, mirth.LoginStatus{Status: word, Message: text})
}

// deny is the one answer to every refused login (threats T006, T080).
func (s *Server) deny(w http.ResponseWriter, r *http.Request, f mirth.Format) {
	s.fail(w, r, http.StatusUnauthorized, f, mirth.StatusFail, textRefused)
}

// throttle tells a client to wait.
func (s *Server) throttle(w http.ResponseWriter, r *http.Request, f mirth.Format, wait time.Duration) {
	status := http.StatusTooManyRequests
	if strings.Contains(r.UserAgent(), stockClient) {
		status = http.StatusUnauthorized
	}
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	s.fail(w, r, status, f, mirth.StatusFailLockedOut, textThrottled)
}

// unavailable says that a room behind the server failed. The cause goes to the
// log only.
func (s *Server) unavailable(w http.ResponseWriter, r *http.Request, f mirth.Format, cause error) {
	s.unavailableHeaders(w, r, cause)
	s.fail(w, r, http.StatusServiceUnavailable, f, mirth.StatusFail, textUnavailable)
}

func (s *Server) unavailableHeaders(w http.ResponseWriter, r *http.Request, cause error) {
	s.log.ErrorContext(r.Context(), "request cannot be served",
		slog.String("request_id", RequestID(r.Context())), slog.String("route", notesOf(r.Context()).route),
		slog.Any("err", cause))
	w.Header().Set("Retry-After", strconv.Itoa(int(retryUnavailable.Seconds())))
	w.Header().Set("X-Request-Id", RequestID(r.Context()))
}

// refuseLogin answers an error of the first factor or of the flow.
func (s *Server) refuseLogin(w http.ResponseWriter, r *http.Request, f mirth.Format, err error) {
	switch {
	case errors.Is(err, primary.ErrThrottled), errors.Is(err, throttle.ErrThrottled), errors.Is(err, mfa.ErrTooManyPending):
		s.throttle(w, r, f, retryAfter(err))
	case errors.Is(err, primary.ErrUnavailable), errors.Is(err, mfa.ErrUnavailable):
		s.unavailable(w, r, f, err)
	case errors.Is(err, mfa.ErrNotEnrolled):
		// The one refusal with a message of its own (threat T042): only who
		// gave the right password gets here, and a challenge would have told
		// him as much about it.
		s.fail(w, r, http.StatusUnauthorized, f, mirth.StatusFail, textNotEnrolled(s.cfg.EnrolmentContact))
	case errors.Is(err, primary.ErrPasswordExpired):
		e, _ := expired(err)
		s.fail(w, r, http.StatusUnauthorized, f, mirth.StatusFailExpired, e.Message)
	case errors.Is(err, mfa.ErrPasscodesSent):
		s.fail(w, r, http.StatusUnauthorized, f, mirth.StatusFail, textPasscodesSent)
	case errors.Is(err, mfa.ErrStartAgain), errors.Is(err, session.ErrRevoked):
		s.fail(w, r, http.StatusUnauthorized, f, mirth.StatusFail, textStartAgain)
	case errors.Is(err, mfa.ErrSecondFactorUnavailable):
		s.fail(w, r, http.StatusUnauthorized, f, mirth.StatusFail, textDuo)
	case errors.Is(err, primary.ErrRefused), errors.Is(err, mfa.ErrRefused), errors.Is(err, token.ErrRefused):
		s.deny(w, r, f)
	default:
		s.unavailable(w, r, f, err)
	}
}

// expired is the refusal of a right password that is too old.
func expired(err error) (*primary.ExpiredError, bool) {
	if e, ok := errors.AsType[*primary.ExpiredError](err); ok {
		return e, true
	}
	return &primary.ExpiredError{}, errors.Is(err, primary.ErrPasswordExpired)
}

// retryAfter is how long a throttled client has to wait.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*primary.ThrottledError](err); ok {
		return e.RetryAfter
	}
	if e, ok := errors.AsType[*throttle.Error](err); ok {
		return e.RetryAfter
	}
	return time.Minute
}

// noSession answers a request that needs a session and brings none: empty, or
// a small object for a client that takes JSON. A store that cannot answer is
// not "no session" (threat T107).
func (s *Server) noSession(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errScope) {
		s.plainError(w, r, http.StatusForbidden)
		return
	}
	if session.Absent(err) || errors.Is(err, token.ErrRefused) {
		s.plainError(w, r, http.StatusUnauthorized)
		return
	}
	s.unavailableHeaders(w, r, err)
	empty(w, http.StatusServiceUnavailable)
}

// plainError answers with a status in the engine's shape for errors, less what
// that says about paths and servlets (threat T169).
func (s *Server) plainError(w http.ResponseWriter, r *http.Request, status int) {
	if !namesJSON(r) {
		empty(w, status)
		return
	}
	body := `{"message":"` + http.StatusText(status) + `","status":"` + strconv.Itoa(status) + `"}`
	w.Header().Set("Content-Type", mirth.FormatJSON.ContentType())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
