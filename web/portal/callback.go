package portal

import (
	"context"
	"errors"
	"net/http"

	"mfaserver/internal/audit"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/prompt"
)

// callback takes the browser back from Duo after a password, and ends the
// sign-in.
func (p *Portal) callback(v *visit) {
	back, err := p.prompt.Return(v.r)
	if err != nil {
		if !p.broken(v, err) {
			p.refused(v, back.View.Username, nextWord(back.Next), err)
		}
		return
	}
	defer v.finish(prompt.Budget)()
	v.session, v.cookie = session.Session{}, "" // of somebody who was here before
	g := back.Grant
	if err := p.start(v, g, session.Session{}); err != nil {
		p.refused(v, g.Username, nextWord(back.Next), err)
		return
	}
	if err := p.deps.Notes.NoteLogin(v.r.Context(), g.Username, p.client(v).Addr); err != nil {
		p.log.WarnContext(v.r.Context(), "login not noted in the directory", "request_id", p.client(v).RequestID, "err", err)
	}
	switch v.r.URL.Path {
	case pathCodeCallback:
		p.issue(v, g)
		return
	case pathConsoleCallback:
		p.release(v.r.Context(), g.Username, g.Carry)
		p.enterConsole(v, g)
		return
	}
	p.release(v.r.Context(), g.Username, g.Carry)
	seeOther(v.w, nextPath(back.Next))
}

// broken answers a browser whose way back from Duo leads nowhere, and reports
// whether it was such a one.
func (p *Portal) broken(v *visit, cause error) bool {
	switch {
	case errors.Is(cause, prompt.ErrLink):
		p.say(v, http.StatusBadRequest, p.text.Bad)
	case errors.Is(cause, prompt.ErrStranger):
		p.say(v, http.StatusBadRequest, p.text.Stranger)
	case errors.Is(cause, prompt.ErrOver):
		p.say(v, http.StatusGone, p.text.Over)
	default:
		return false
	}
	return true
}

// start opens the session of the page that a grant allows; on an error nothing
// of it is left. renews is the session that was confirmed once more, or zero:
// the new one does not live longer for it (threat T112).
func (p *Portal) start(v *visit, g *mfa.Grant, renews session.Session) error {
	ctx, c := v.r.Context(), p.client(v)
	started, err := p.deps.Sessions.Start(ctx, v.w, v.r, session.Session{
		UserID: g.UserID, Username: g.Username, Administrator: g.Administrator, Source: c.Addr.String(), UserAgent: c.UserAgent,
		Transaction: g.Transaction, Factor: g.Factor, Reason: g.Reason, Device: g.Device, ApprovedAt: g.ApprovedAt,
		Kind: session.KindPage, Expires: renews.Expires,
	})
	if err != nil {
		p.undo(ctx, v.w, g, session.Key{})
		return errors.Join(mfa.ErrUnavailable, err)
	}
	if err := p.stillTheirs(ctx, c, g); err != nil {
		p.undo(ctx, v.w, g, started.Key)
		return err
	}
	v.begun(started)
	p.prompt.Forget(v.w)
	return nil
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
	if err != nil {
		return errors.Join(mfa.ErrUnavailable, err)
	}
	if same {
		return nil
	}
	e := audit.Event{Name: audit.MFAAccountChanged, Outcome: audit.Refused, Username: g.Username, Transaction: g.Transaction}
	return errors.Join(mfa.ErrAccountChanged, mfa.ErrRefused, p.record(ctx, c, e))
}

// issue makes the sign-in code and shows it, this once. What the login carries
// goes to the code, and nowhere else.
func (p *Portal) issue(v *visit, g *mfa.Grant) {
	code, expires, err := p.deps.Codes.Issue(v.r.Context(), token.Proof{
		Username: g.Username, UserID: g.UserID, Administrator: g.Administrator, Primary: string(g.Primary), Message: g.Message,
		Carry: g.Carry, Factor: g.Factor, Reason: g.Reason, Device: g.Device, TxID: g.TxID, Transaction: g.Transaction, At: g.ApprovedAt,
	})
	if err != nil {
		p.undo(v.r.Context(), v.w, g, v.session.Key)
		p.unavailable(v, err)
		return
	}
	p.showCode(v, code, expires)
}

// enterConsole opens the console with a sign-in that was for it. Without the
// console the session of the pages stays.
func (p *Portal) enterConsole(v *visit, g *mfa.Grant) {
	ctx, opened := v.r.Context(), false
	if p.deps.Console != nil {
		var err error
		if opened, err = p.deps.Console.Open(ctx, v.w, v.r, g, v.session); err != nil {
			p.undo(ctx, v.w, g, v.session.Key)
			p.unavailable(v, err)
			return
		}
	}
	if opened {
		seeOther(v.w, PathConsole)
		return
	}
	browser.SetNotice(v.w, noticeNoConsole)
	seeOther(v.w, pathHome)
}
