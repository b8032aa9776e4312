package portal

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"mfaserver/internal/audit"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
)

// callback takes the browser back from Duo and ends the sign-in. Only the
// browser that began has the cookie for it; its address is no proof here, or a
// stranger could sign somebody into an account of his own.
func (p *Portal) callback(w http.ResponseWriter, r *http.Request) {
	in, err := browser.ParseRedirect(r.URL.RawQuery)
	if err != nil {
		p.say(w, r, http.StatusBadRequest, textBad)
		return
	}
	view, ok := p.view(w, r, in)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), flowBudget)
	defer cancel()
	if in.Refused {
		// The user has decided; nothing is left to wait for.
		if err := p.deps.Login.Deny(ctx, in.State, p.client(r)); err != nil && !errors.Is(err, mfa.ErrRefused) {
			p.unavailable(w, r, err)
			return
		}
		p.refused(w, r, view.Username, errDenied)
		return
	}
	g, err := p.deps.Login.Redeem(ctx, mfa.RedeemRequest{
		FormUsername: view.Username, HeaderUsername: []string{view.Username}, Primary: view.Primary,
		Code: in.Code, State: in.State, RedirectURI: view.RedirectURI, Client: p.client(r),
	})
	switch {
	case err != nil:
		p.refused(w, r, view.Username, err)
	case g == nil:
		p.unavailable(w, r, errors.New("portal: redeem gave no grant"))
	default:
		p.finish(ctx, w, r, g)
	}
}

// view looks the sign-in up, or answers and returns false. It must be live,
// this browser's, and one that began here.
func (p *Portal) view(w http.ResponseWriter, r *http.Request, in browser.Redirect) (mfa.View, bool) {
	c := p.client(r)
	byCookie := c
	byCookie.Forwarded = true // an address proves nothing here
	view, err := p.deps.Login.View(r.Context(), in.State, byCookie)
	if err != nil && !errors.Is(err, mfa.ErrRefused) {
		p.unavailable(w, r, err)
		return mfa.View{}, false
	}
	base, ours := strings.CutSuffix(view.RedirectURI, r.URL.Path)
	if err != nil || !ours || !slices.Contains(p.cfg.PublicURLs, base) {
		p.say(w, r, http.StatusBadRequest, textBad)
		return mfa.View{}, false
	}
	e := audit.Event{Name: audit.CallbackSeen, Outcome: audit.OK, Username: view.Username, Transaction: mfa.KeyOf(in.State).Handle()}
	if !view.SameClient && view.Phase.Live() { // afterwards nobody has the cookie
		e.Name, e.Outcome = audit.CallbackMismatch, audit.Refused
	}
	if err := p.record(r.Context(), c, e); err != nil {
		p.unavailable(w, r, err)
		return mfa.View{}, false
	}
	switch {
	case !view.Phase.Live():
		p.say(w, r, http.StatusGone, textOver)
	case !view.SameClient:
		p.say(w, r, http.StatusBadRequest, textStranger)
	default:
		return view, true
	}
	return mfa.View{}, false
}

// finish opens the session of the page and shows the code, where one is
// wanted. What the login carries goes to the code, and nowhere else.
func (p *Portal) finish(ctx context.Context, w http.ResponseWriter, r *http.Request, g *mfa.Grant) {
	c := p.client(r)
	started, err := p.deps.Sessions.Start(ctx, w, r, session.Session{
		UserID: g.UserID, Username: g.Username, Administrator: g.Administrator, Source: c.Addr.String(), UserAgent: c.UserAgent,
		Transaction: g.Transaction, Factor: g.Factor, Reason: g.Reason, Device: g.Device, ApprovedAt: g.ApprovedAt, Page: true,
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
	setCookie(w, cookieBinding, "", -1)
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
