package portal

import (
	"context"
	"errors"
	"net/http"

	"mfaserver/internal/audit"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/prompt"
)

// callback takes the browser back from Duo and ends the sign-in.
func (p *Portal) callback(w http.ResponseWriter, r *http.Request) {
	back, err := p.prompt.Return(r)
	if err != nil {
		p.notBack(w, r, back.View.Username, err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), prompt.Budget)
	defer cancel()
	p.finish(ctx, w, r, back.Grant)
}

// notBack answers a browser that came back from Duo with nothing.
func (p *Portal) notBack(w http.ResponseWriter, r *http.Request, username string, cause error) {
	switch {
	case errors.Is(cause, prompt.ErrLink):
		p.say(w, r, http.StatusBadRequest, textBad)
	case errors.Is(cause, prompt.ErrStranger):
		p.say(w, r, http.StatusBadRequest, textStranger)
	case errors.Is(cause, prompt.ErrOver):
		p.say(w, r, http.StatusGone, textOver)
	default:
		p.refused(w, r, username, cause)
	}
}

// finish opens the session of the page and shows the code, where one is
// wanted. What the login carries goes to the code, and nowhere else.
func (p *Portal) finish(ctx context.Context, w http.ResponseWriter, r *http.Request, g *mfa.Grant) {
	c := p.prompt.Client(r)
	started, err := p.deps.Sessions.Start(ctx, w, r, session.Session{
		UserID: g.UserID, Username: g.Username, Administrator: g.Administrator, Source: c.Addr.String(), UserAgent: c.UserAgent,
		Transaction: g.Transaction, Factor: g.Factor, Reason: g.Reason, Device: g.Device, ApprovedAt: g.ApprovedAt, Kind: session.KindPage,
	})
	if err != nil {
		p.undo(ctx, w, g, session.Key{})
		p.unavailable(w, r, err)
		return
	}
	if err := p.stillTheirs(ctx, c, g); err != nil {
		p.undo(ctx, w, g, started.Key)
		p.refused(w, r, g.Username, err)
		return
	}
	p.prompt.Forget(w)
	if err := p.deps.Notes.NoteLogin(ctx, g.Username, c.Addr); err != nil {
		p.log.WarnContext(ctx, "login not noted in the directory", "request_id", c.RequestID, "err", err)
	}
	if r.URL.Path != pathCodeCallback {
		p.release(ctx, g.Username, g.Carry)
		toHome(w)
		return
	}
	p.issue(ctx, w, r, g, started.Key)
}

// undo leaves nothing of a sign-in that failed after its session was there.
func (p *Portal) undo(ctx context.Context, w http.ResponseWriter, g *mfa.Grant, started session.Key) {
	w.Header().Del("Set-Cookie")
	p.release(ctx, g.Username, g.Carry)
	if started == (session.Key{}) {
		return
	}
	if err := p.deps.Sessions.Abandon(ctx, started); err != nil {
		p.log.ErrorContext(ctx, "undelivered session could not be ended", "session", started.Handle(), "err", err)
	}
}

// stillTheirs looks at the account once more, now that its session is there:
// whoever disabled it before that found no session to end (threat R38).
func (p *Portal) stillTheirs(ctx context.Context, c mfa.Client, g *mfa.Grant) error {
	if p.deps.Accounts == nil {
		return nil
	}
	same, err := p.deps.Accounts.Unchanged(ctx, g.Username, g.CheckedAt)
	if err != nil || same {
		return err
	}
	e := audit.Event{Name: audit.MFAAccountChanged, Outcome: audit.Refused, Username: g.Username, Transaction: g.Transaction}
	return errors.Join(mfa.ErrAccountChanged, mfa.ErrRefused, p.record(ctx, c, e))
}

// issue makes the sign-in code and shows it, this once.
func (p *Portal) issue(ctx context.Context, w http.ResponseWriter, r *http.Request, g *mfa.Grant, started session.Key) {
	code, expires, err := p.deps.Codes.Issue(ctx, token.Proof{
		Username: g.Username, UserID: g.UserID, Administrator: g.Administrator, Primary: string(g.Primary), Message: g.Message,
		Carry: g.Carry, Factor: g.Factor, Reason: g.Reason, Device: g.Device, TxID: g.TxID, Transaction: g.Transaction, At: g.ApprovedAt,
	})
	if err != nil {
		p.undo(ctx, w, g, started)
		p.unavailable(w, r, err)
		return
	}
	p.show(w, r, http.StatusOK, "code", &pageData{
		SignedInAs: g.Username, Username: g.Username, Code: code.Reveal(),
		Expires: expires.UTC().Format("15:04:05 UTC"), ExpiresAt: expires.UTC().Format("2006-01-02T15:04:05Z07:00"),
	})
}
