package prompt

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/web/browser"
)

// Errors of [Prompt.Return] beside those of the flow.
var (
	// ErrLink: the address is not one that Duo makes, or names no login of
	// this path.
	ErrLink = errors.New("prompt: not a link of a login that began here")
	// ErrOver: the login has ended already.
	ErrOver = errors.New("prompt: the login has ended")
	// ErrStranger: another browser asked.
	ErrStranger = errors.New("prompt: the login began in another browser")
	// ErrDenied: Duo says that the user did not confirm. The login has ended.
	ErrDenied = errors.New("prompt: not confirmed at the prompt")
)

// Returned is a browser that came back from Duo.
type Returned struct {
	// View is the login. It is set, too, with [ErrDenied] and with errors of
	// the redemption.
	View mfa.View
	// Grant is what Duo's answer opens; it is the caller's, with what it
	// carries. Never nil without an error.
	Grant *mfa.Grant
	// Next is that of [Ask], or empty.
	Next string
}

// Return takes the browser back from Duo and redeems the login: r is the
// request to the [Ask]'s Path. Nothing is sent. Without [ErrLink], [ErrOver],
// [ErrStranger] and [ErrDenied], errors are those of [mfa.Flow.Redeem] and of
// [mfa.Flow.View]. What it does is brought to an end although the browser may
// be gone.
func (p *Prompt) Return(r *http.Request) (Returned, error) {
	in, err := browser.ParseRedirect(r.URL.RawQuery)
	if err != nil {
		return Returned{}, fmt.Errorf("%w: %w", ErrLink, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), Budget)
	defer cancel()
	view, err := p.view(ctx, r, in)
	if err != nil {
		return Returned{}, err
	}
	back := Returned{View: view, Next: next(r, in.State)}
	if in.Refused {
		// The user has decided; nothing is left to wait for.
		if err := p.cfg.Login.Deny(ctx, in.State, p.Client(r)); err != nil && !errors.Is(err, mfa.ErrRefused) {
			return back, err
		}
		return back, ErrDenied
	}
	back.Grant, err = p.cfg.Login.Redeem(ctx, mfa.RedeemRequest{
		FormUsername: view.Username, HeaderUsername: []string{view.Username}, Primary: view.Primary,
		Code: in.Code, State: in.State, RedirectURI: view.RedirectURI, Client: p.Client(r),
	})
	if err == nil && back.Grant == nil {
		err = fmt.Errorf("%w: redeem gave no grant", mfa.ErrUnavailable)
	}
	return back, err
}

// view looks the login up. It must be live, this browser's, and one that began
// for this path.
func (p *Prompt) view(ctx context.Context, r *http.Request, in browser.Redirect) (mfa.View, error) {
	c := p.Client(r)
	byCookie := c
	byCookie.Forwarded = true // an address proves nothing here, or a stranger could sign somebody into an account of his own
	view, err := p.cfg.Login.View(ctx, in.State, byCookie)
	if err != nil && !errors.Is(err, mfa.ErrRefused) {
		return mfa.View{}, err
	}
	base, ours := strings.CutSuffix(view.RedirectURI, r.URL.Path)
	if err != nil || !ours || !slices.Contains(p.cfg.PublicURLs, base) {
		return mfa.View{}, ErrLink
	}
	e := audit.Event{Name: audit.CallbackSeen, Outcome: audit.OK, Username: view.Username, Transaction: mfa.KeyOf(in.State).Handle()}
	if !view.SameClient && view.Phase.Live() { // afterwards nobody has the cookie
		e.Name, e.Outcome = audit.CallbackMismatch, audit.Refused
	}
	if err := p.record(ctx, c, e); err != nil {
		return mfa.View{}, err
	}
	switch {
	case !view.Phase.Live():
		return mfa.View{}, ErrOver
	case !view.SameClient:
		return mfa.View{}, ErrStranger
	}
	return view, nil
}

// Forget deletes the prompt's cookies when the login is done.
func (p *Prompt) Forget(w http.ResponseWriter) {
	browser.SetCookie(w, CookieBinding, "", -1)
	browser.SetCookie(w, cookieNext, "", -1)
}

// next is the way back that the cookie holds for a login.
func next(r *http.Request, state string) string {
	transaction, rest, _ := strings.Cut(browser.LongCookieValue(r, cookieNext, maxNextCookie), ".")
	if transaction != mfa.KeyOf(state).Handle() {
		return ""
	}
	path, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || len(path) > maxNext {
		return ""
	}
	return string(path)
}
