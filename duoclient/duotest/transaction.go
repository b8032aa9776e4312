package duotest

import (
	"context"
	"net/http"
	"time"
)

// authState is what auth_status says about a login at one time.
type authState struct {
	result, status, message string
}

// What the service says, by what happened.
const (
	textAllowed   = "Success. Logging you in..."
	textPushed    = "Pushed a login request to your device..."
	textUndone    = "The push could not be delivered."
	textDenied    = "Login request denied."
	textFraud     = "Login request reported as fraud."
	textTimeout   = "Login timed out."
	textPasscode  = "Incorrect passcode. Please try again."
	textNoKey     = "No keypress detected. Please try again."
	textSent      = "New SMS passcodes sent."
	textLockedOut = "Your account has been locked out due to excessive authentication failures. Please contact your administrator."
)

// transaction is a login by way of the Auth API. The server's mutex guards it.
type transaction struct {
	login       login // as far as it is known
	account     *account
	integration *integration
	userID      string
	push        *push // nil when nobody is asked
	states      []authState
	seen        int // how many auth_status has told
	deadline    time.Time
	changed     chan struct{} // closed and made anew by every state
	trusted     string
}

func (t *transaction) add(s authState) {
	t.states = append(t.states, s)
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *transaction) last() authState { return t.states[len(t.states)-1] }

func (t *transaction) over() bool { return len(t.states) > 0 && t.last().result != "waiting" }

// conclude ends a login and writes it into the log. u may be nil.
func (t *transaction) conclude(s authState, v verdict, now time.Time) {
	if t.over() {
		return
	}
	entry := t.login
	entry.at, entry.verdict = now, v
	entry.result = map[string]string{"allow": "success"}[s.result]
	switch {
	case entry.result != "":
	case v.reason == "user_marked_fraud":
		entry.result = "fraud"
	default:
		entry.result = "denied"
	}
	if u := t.account.users.get(t.userID); u != nil && s.result == "allow" {
		u.failures, u.lastLogin = 0, now
		if days := t.integration.trustedDays; days > 0 {
			t.trusted = t.account.trust(u, now, now.Add(time.Duration(days)*24*time.Hour))
		}
	}
	t.account.record(entry)
	t.add(s)
}

// answered is told what became of the push or call.
func (t *transaction) answered(answer Answer, now time.Time) {
	view := t.push.Phone
	v := verdict{event: "authentication", factor: "duo_push", device: &view}
	switch {
	case t.push.Call:
		v.factor = "phone_call"
	case t.push.Code != "":
		v.factor = "verified_duo_push"
	}
	state := authState{"deny", "deny", textDenied}
	switch answer {
	case AnswerApprove:
		state, v.reason = authState{"allow", "allow", textAllowed}, "user_approved"
	case AnswerFraud:
		state, v.reason = authState{"deny", "fraud", textFraud}, "user_marked_fraud"
	case AnswerTimeout:
		state, v.reason = authState{"deny", "timeout", textTimeout}, "no_response"
		if t.push.Call {
			state, v.reason = authState{"deny", "timeout", textNoKey}, "no_keys_pressed"
		}
	default:
		v.reason = "user_cancelled"
		if t.push.Call {
			state, v.reason = authState{"deny", "deny", textNoKey}, "no_keys_pressed"
		}
	}
	if t.push.Call && answer == AnswerApprove {
		t.add(authState{"waiting", "answered", "Press a key on your phone to log in..."})
	}
	if u := t.account.users.get(t.userID); u != nil && (answer == AnswerDeny || answer == AnswerFraud) {
		t.account.failed(u, now)
	}
	t.conclude(state, v, now)
}

// await waits until a login has more than seen states, or has ended in time.
func (s *Server) await(ctx context.Context, t *transaction, seen func(*transaction) bool) {
	for {
		s.mu.Lock()
		now := s.now()
		if !t.over() && !now.Before(t.deadline) {
			t.push.end(AnswerTimeout, now)
		}
		changed, left, done := t.changed, t.deadline.Sub(now), seen(t) || t.over()
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-s.config.After(left):
			s.mu.Lock()
			t.push.end(AnswerTimeout, s.now())
			s.mu.Unlock()
		case <-ctx.Done():
			panic(http.ErrAbortHandler) // nobody is there to answer
		case <-s.done:
			panic(http.ErrAbortHandler)
		}
	}
}

// response is the answer of auth or auth_status.
func (t *transaction) response(s authState) fields {
	out := fields{"result": s.result, "status": s.status, "status_msg": s.message}
	if t.trusted != "" && s.result == "allow" {
		out["trusted_device_token"] = t.trusted
	}
	return out
}
