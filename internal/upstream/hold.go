package upstream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/secret"
)

// Adopt says that a session of this server holds the session at the engine from
// now on: a restart leaves it alone. Only one caller adopts, and nobody does
// what was released: [ErrGone]. Other errors: [ErrCarry], [ErrUnavailable].
// After an error the carry is still the caller's to release.
func (u *Upstream) Adopt(ctx context.Context, username string, carry []byte) error {
	h, err := u.uncarry(username, carry)
	if err != nil {
		return err
	}
	w := &work{held: h, adopting: true}
	if err := u.begin(w); err != nil {
		return err
	}
	// The outcome must be known even when the caller has gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledgerWait)
	defer cancel()
	there, err := u.cfg.Ledger.Remove(ctx, h.id)
	switch released := u.adopted(w); {
	case released:
		u.end(ctx, &h, w.reason)
		return ErrGone
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case !there:
		return ErrGone
	}
	return nil
}

// begin registers an adoption, unless something else is under way.
func (u *Upstream) begin(w *work) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.closing:
		return fmt.Errorf("%w: %w", ErrUnavailable, errClosed)
	case u.works[w.id] != nil:
		return ErrGone
	}
	u.works[w.id] = w
	return nil
}

// adopted takes the registration back and reports whether the session was
// released meanwhile.
func (u *Upstream) adopted(w *work) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.works, w.id)
	delete(u.kept, w.id)
	return w.released
}

// Cookie returns the value of the engine's session cookie. Errors: [ErrCarry],
// [ErrGone] once the session was released.
func (u *Upstream) Cookie(username string, carry []byte) (secret.Secret, error) {
	h, err := u.uncarry(username, carry)
	if err != nil {
		return secret.Secret{}, err
	}
	return u.current(&h)
}

// current is the cookie that counts, unless the session is being ended.
func (u *Upstream) current(h *held) (secret.Secret, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if w := u.works[h.id]; w != nil && (w.released || !w.adopting) {
		return secret.Secret{}, ErrGone
	}
	if cookie, rotated := u.rotated[h.id]; rotated {
		return cookie, nil
	}
	return h.cookie, nil
}

// Rotate notes that the engine replaced the session's cookie: Cookie, Verify
// and Release use the new one. It lasts as long as this process; after a
// restart the engine answers the old one with 401, and the session ends.
// Errors: [ErrCarry], [ErrGone].
func (u *Upstream) Rotate(username string, carry []byte, cookie secret.Secret) error {
	h, err := u.uncarry(username, carry)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch w := u.works[h.id]; {
	case w != nil && (w.released || !w.adopting):
		return ErrGone
	case !cookie.IsZero():
		u.rotated[h.id] = cookie
	}
	return nil
}

// Verify asks the engine whether the session is still there and still the
// user's, by name and by number (threats T019, T142). Errors: [ErrCarry],
// [ErrGone], [ErrDrift] (audited), [ErrUnavailable]. It releases nothing.
func (u *Upstream) Verify(ctx context.Context, username string, carry []byte) error {
	h, err := u.uncarry(username, carry)
	if err != nil {
		return err
	}
	cookie, err := u.current(&h)
	if err != nil {
		return err
	}
	user, err := u.cfg.Engine.CurrentUser(ctx, cookie)
	switch {
	case errors.Is(err, engine.ErrNoSession):
		return ErrGone
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case user.Username == username && user.ID > 0 && uint32(user.ID) == h.userID: //nolint:gosec // engines number users with 31 bits
		return nil
	}
	u.cfg.Logger.ErrorContext(ctx, "session at the engine changed its user", slog.String("upstream", h.id.Handle()), slog.String("username", username))
	e := h.event(audit.GatewayDrift, audit.Refused, reasonDrift)
	e.Detail["now"] = user.Username
	if err := u.cfg.Recorder.Record(context.WithoutCancel(ctx), e); err != nil {
		return errors.Join(ErrDrift, err)
	}
	return ErrDrift
}
