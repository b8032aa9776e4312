package duotest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// pushLife is how long a push rings.
const pushLife = time.Minute

// ErrPush means that there is no push to answer.
var ErrPush = errors.New("duotest: no push is waiting")

// Answer is what a person does about a push, or what became of it.
type Answer string

// The answers. The zero Answer is a push that still waits.
const (
	AnswerApprove Answer = "approve"
	AnswerDeny    Answer = "deny"
	AnswerFraud   Answer = "fraud"
	// AnswerTimeout: nobody answered in time.
	AnswerTimeout Answer = "timeout"
	// AnswerCancelled: the login went another way, or the user is gone.
	AnswerCancelled Answer = "cancelled"
)

// Push is a push, or a call, as a person sees it on the phone.
type Push struct {
	// ID is the txid of the login, or of a verification push its push ID.
	ID string
	// Username is what the application shows, Application who asks, Type
	// the words before "request" ("Login").
	Username, Application, Type string
	// Phone is the device that rings.
	Phone Phone
	// Info is what the application wants shown, names and values.
	Info [][2]string
	// IP is where the login comes from.
	IP string
	// Code is what the person has to type (verified push), or compares
	// (verification push); usually empty.
	Code string
	// Call says that the phone is called, with nothing to see.
	Call bool
	// At is when it was sent and Answered when that ended.
	At, Answered time.Time
	// Answer is empty while the push waits.
	Answer Answer
}

// push is the record behind [Push].
type push struct {
	Push

	account *account
	userID  string
	expires time.Time
	told    func(Answer) // hears the answer; may be nil
	settled bool         // whoever waited has seen the answer
	shown   bool         // the phone shows the code
}

func (p *push) pending(now time.Time) bool { return p.Answer == "" && now.Before(p.expires) }

// takes says whether what was typed on the phone is what the push asks for.
func (p *push) takes(typed string) bool {
	return p.Code == "" || p.shown || strings.ReplaceAll(typed, " ", "") == p.Code
}

// verdict is what an answer says of the person. view is the phone.
func (p *push) verdict(view *Phone) verdict {
	v := verdict{event: "authentication", factor: "duo_push", reason: "user_cancelled", device: view}
	switch {
	case p.Call:
		v.factor = "phone_call"
	case p.Code != "":
		v.factor = "verified_duo_push"
	}
	switch {
	case p.Answer == AnswerApprove:
		v.reason = "user_approved"
	case p.Call:
		v.reason = "no_keys_pressed"
	case p.Answer == AnswerTimeout:
		v.reason = "no_response"
	case p.Answer == AnswerFraud:
		v.reason = "user_marked_fraud"
	}
	return v
}

// ring makes a phone ring. The caller holds the mutex.
func (s *Server) ring(p *push) *push {
	p.account.pushes.add(p)
	close(s.pushed)
	s.pushed = make(chan struct{})
	return p
}

// end answers a push, once. The caller holds the mutex.
func (p *push) end(answer Answer, now time.Time) {
	if p.Answer != "" {
		return
	}
	p.Answer, p.Answered = answer, now
	if p.told != nil {
		p.told(answer)
	}
}

// pendingPushes are those that a user's phones show, oldest first. The caller
// holds the mutex.
func (a *account) pendingPushes(userID string, now time.Time) []*push {
	var out []*push
	for _, p := range a.pushes.entries {
		if p.userID == userID && p.pending(now) {
			out = append(out, p)
		}
	}
	return out
}

// now is the simulator's clock. The caller holds the mutex.
func (s *Server) now() time.Time { return s.config.Now().Add(s.faults.ClockOffset) }

// AnswerPush answers the newest push that waits for a user of the parent
// account, with the code where one is asked for. [ErrPush] when none waits.
func (s *Server) AnswerPush(username string, answer Answer) error {
	return s.Root().AnswerPush(username, answer)
}

// WaitForPush waits until a push waits for a user of the parent account.
func (s *Server) WaitForPush(ctx context.Context, username string) (Push, error) {
	return s.Root().WaitForPush(ctx, username)
}

// Pushes are all pushes of a user of the parent account, oldest first, with
// what became of them.
func (s *Server) Pushes(username string) []Push { return s.Root().Pushes(username) }

// AnswerPush answers the newest push that waits for a user, with the code where
// one is asked for. [ErrPush] when none waits, or when the answer is not one
// that a person gives.
func (a *Account) AnswerPush(username string, answer Answer) error {
	if !slices.Contains([]Answer{AnswerApprove, AnswerDeny, AnswerFraud}, answer) {
		return fmt.Errorf("%w: nobody can answer %q", ErrPush, answer)
	}
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	u := a.account.find(username)
	if u == nil {
		return fmt.Errorf("%w: no user %q", ErrPush, username)
	}
	waiting := a.account.pendingPushes(u.id, a.server.now())
	if len(waiting) == 0 {
		return fmt.Errorf("%w for %q", ErrPush, username)
	}
	waiting[len(waiting)-1].end(answer, a.server.now())
	return nil
}

// WaitForPush waits until a push waits for a user, and returns the newest one.
// It ends with the context's error, or with [ErrPush] when the server closes.
func (a *Account) WaitForPush(ctx context.Context, username string) (Push, error) {
	for {
		a.server.mu.Lock()
		changed := a.server.pushed
		if u := a.account.find(username); u != nil {
			if waiting := a.account.pendingPushes(u.id, a.server.now()); len(waiting) > 0 {
				defer a.server.mu.Unlock()
				return waiting[len(waiting)-1].Push, nil
			}
		}
		a.server.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return Push{}, fmt.Errorf("duotest: wait for a push: %w", ctx.Err())
		case <-a.server.done:
			return Push{}, fmt.Errorf("%w: the server is closed", ErrPush)
		}
	}
}

// Pushes are all pushes of a user, oldest first, with what became of them.
func (a *Account) Pushes(username string) []Push {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	u := a.account.find(username)
	if u == nil {
		return nil
	}
	var out []Push
	for _, p := range a.account.pushes.entries {
		if p.userID == u.id {
			out = append(out, p.Push)
		}
	}
	return out
}
