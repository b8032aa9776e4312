package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
)

// maxPassword is the longest password that is sent, in bytes (threat T010).
const maxPassword = 1024

// Authenticate implements [primary.Authenticator]: it logs in to the engine.
// The session that this opens comes back as the Carry of the result, which the
// caller has to hand on, to Adopt or to Release. A refusal is a
// [*primary.RefusedError] or a [*primary.ExpiredError].
//
// The limits are looked at before the engine is asked (threat T007), and a
// caller who goes away does not cut the login short: the engine would count
// the attempt, and nobody here would.
func (u *Upstream) Authenticate(ctx context.Context, a primary.Attempt) (primary.Result, error) {
	if u.isClosing() {
		return primary.Result{}, unavailable(errClosed)
	}
	subject := throttle.Subject{Account: bucket(a.Username), Source: a.Source}
	if err := u.cfg.Limiter.Recall(subject); err != nil {
		return primary.Result{}, throttled(err)
	}
	if reason := malformed(a); reason != "" {
		if err := u.cfg.Limiter.Check(ctx, subject); err != nil {
			return primary.Result{}, throttled(err)
		}
		// It cannot reach an account, so it counts against none.
		subject.Account = ""
		if err := u.cfg.Limiter.Fail(ctx, subject); err != nil {
			return primary.Result{}, unavailable(err)
		}
		return primary.Result{}, &primary.RefusedError{Reason: reason}
	}
	result, took, err := u.attempt(ctx, a, subject)
	if _, refused := errors.AsType[*primary.RefusedError](err); refused {
		u.pace.hold(ctx, took)
	}
	return result, err
}

// attempt asks the engine, when it is this attempt's turn, and says how long
// the engine took.
func (u *Upstream) attempt(ctx context.Context, a primary.Attempt, subject throttle.Subject) (primary.Result, time.Duration, error) {
	leave, err := u.gate.enter(ctx, subject.Account)
	if err != nil {
		return primary.Result{}, 0, err
	}
	defer leave()
	attempt, err := u.cfg.Limiter.Take(ctx, subject)
	if err != nil {
		return primary.Result{}, 0, throttled(err)
	}
	defer attempt.End() //nolint:contextcheck // it waits for nobody, and has to be said though the caller is gone
	ctx = context.WithoutCancel(ctx)
	began := u.cfg.Now()
	login, err := u.cfg.Engine.Login(ctx, a.Username, a.Password)
	took := u.cfg.Now().Sub(began)
	u.learn(took, err)
	if guessed(err) {
		if err := attempt.Fail(ctx); err != nil {
			return primary.Result{}, took, unavailable(err)
		}
	}
	if err != nil {
		return primary.Result{}, took, refusal(err)
	}
	h := &held{id: newID(), username: a.Username, openedAt: began, cookie: login.Cookie}
	result, err := u.accept(ctx, h, login)
	return result, took, err
}

// accept notes the session of an accepted password and asks whose it is.
func (u *Upstream) accept(ctx context.Context, h *held, login engine.Login) (primary.Result, error) {
	result := primary.Result{Status: primary.StatusSuccess}
	switch login.Status {
	case mirth.StatusSuccess:
	case mirth.StatusGracePeriod:
		result.Status, result.Message = primary.StatusGracePeriod, legible(login.Message)
	default:
		u.end(ctx, h, reasonUnusable)
		return primary.Result{}, unavailable(fmt.Errorf("the engine accepted a password with status %q", login.Status))
	}
	user, err := u.identify(ctx, h)
	if err != nil {
		return primary.Result{}, err
	}
	result.User = primary.User{
		ID: user.ID, Username: user.Username, Role: primary.RoleUser, LastLogin: user.LastLogin,
		Email: user.Email, FirstName: user.FirstName, LastName: user.LastName,
	}
	result.Carry = u.carry(h)
	return result, nil
}

// identify makes h durable and completes it with what the engine calls its
// user: that name alone is the identity from here on (threat T005). When it
// fails, h is being ended.
func (u *Upstream) identify(ctx context.Context, h *held) (mirth.User, error) {
	if h.cookie.IsZero() {
		u.end(ctx, h, reasonUnusable)
		return mirth.User{}, unavailable(errors.New("the engine gave no session"))
	}
	if err := u.note(ctx, h); err != nil {
		u.end(ctx, h, reasonUnusable)
		return mirth.User{}, unavailable(err)
	}
	user, err := u.cfg.Engine.CurrentUser(ctx, h.cookie)
	if err != nil {
		u.end(ctx, h, reasonUnusable)
		return mirth.User{}, unavailable(err)
	}
	if user.ID < 1 || primary.CheckUsername(user.Username) != nil {
		u.end(ctx, h, reasonUnusable)
		return mirth.User{}, &primary.RefusedError{Reason: primary.ReasonBadCanonical}
	}
	h.username, h.userID = user.Username, uint32(user.ID) //nolint:gosec // engines number users with 31 bits
	return user, nil
}

// NoteLogin notes that username completed a login, second factor included, from
// source: the source is known to the account from now on (threat T008). Error:
// [ErrUnavailable].
func (u *Upstream) NoteLogin(ctx context.Context, username string, source netip.Addr) error {
	if err := u.cfg.Limiter.Succeed(ctx, throttle.Subject{Account: bucket(username), Source: source}); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// malformed returns why an attempt is refused for its form, or "".
func malformed(a primary.Attempt) primary.Reason {
	password := a.Password.Reveal()
	switch {
	case password == "":
		return primary.ReasonEmptyPassword
	case len(password) > maxPassword:
		return primary.ReasonLongPassword
	case primary.CheckUsername(a.Username) != nil:
		return primary.ReasonBadUsername
	}
	return ""
}

// bucket is the account that a typed name aims at, for counting failures.
// Directories behind an engine may know one user by several names
// (DOMAIN\alice, alice@example.org): those share one count, at the price that
// namesakes of two domains share one as well (threats T005, T007).
func bucket(typed string) string {
	key := primary.AccountKey(typed)
	name := key[strings.LastIndexByte(key, '\\')+1:]
	if before, _, _ := strings.Cut(name, "@"); before != "" {
		name = before
	}
	if name = strings.TrimSpace(name); name == "" {
		return key
	}
	return name
}

// guessed reports whether a wrong password was tried. An engine that does not
// answer counts against nobody: its users would be locked out when it is back.
func guessed(err error) bool {
	e, ok := errors.AsType[*engine.RefusedError](err)
	return ok && e.Status != mirth.StatusFailExpired
}

// learn notes how long a password takes at the engine.
func (u *Upstream) learn(took time.Duration, err error) {
	e, refused := errors.AsType[*engine.RefusedError](err)
	if err == nil || refused && e.Status == mirth.StatusFail {
		u.pace.note(took, err == nil)
	}
}

// refusal turns what the engine said into an error of package primary. All
// refusals read the same but one: a right password that is too old.
func refusal(err error) error {
	e, ok := errors.AsType[*engine.RefusedError](err)
	if !ok {
		return unavailable(err)
	}
	switch e.Status {
	case mirth.StatusFailExpired:
		return &primary.ExpiredError{Message: legible(e.Message)}
	case mirth.StatusFail:
		return &primary.RefusedError{Reason: primary.ReasonWrongPassword}
	case mirth.StatusFailLockedOut:
		return &primary.RefusedError{Reason: primary.ReasonUpstreamLocked}
	default:
		return &primary.RefusedError{Reason: primary.ReasonUpstreamRefused}
	}
}

// legible is a message of the engine as far as clients can show it.
func legible(message string) string {
	const longest = 512
	message = strings.Map(func(r rune) rune {
		if r == '\uFFFD' || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, message)
	if runes := []rune(message); len(runes) > longest {
		message = string(runes[:longest])
	}
	return strings.TrimSpace(message)
}

func throttled(err error) error {
	if e, ok := errors.AsType[*throttle.Error](err); ok {
		return &primary.ThrottledError{RetryAfter: e.RetryAfter, Scope: string(e.Scope)}
	}
	return unavailable(err)
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", primary.ErrUnavailable, err) }
