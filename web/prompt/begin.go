package prompt

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"mfaserver/internal/mirth"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// Ask is a user whom Duo is to ask.
type Ask struct {
	// Login is an accepted password, or what [Again] makes of a session. Its
	// RedirectURI and Client are filled in here.
	Login mfa.BeginRequest
	// Path is where Duo sends the browser back to. It is part of the redirect
	// URI of the login and cannot be changed on the way.
	Path string
	// Next is handed back by [Prompt.Return] in the same browser: the path of
	// the page that asked. Empty for none.
	Next string
}

// Again is the request to ask the user of a session once more, without a
// password. Whoever takes the answer must find the same session still live, and
// must not let it live longer for it (threat T112): an [Ask] of this kind comes
// back on a path of its own.
func Again(s session.Session) mfa.BeginRequest {
	return mfa.BeginRequest{
		Username: s.Username, Typed: s.Username, UserID: s.UserID, Administrator: s.Administrator,
		Primary: mfa.PrimaryStatus(mirth.StatusSuccess),
	}
}

// Begin asks Duo, and answers with a page that leads on to the prompt. With an
// error nothing was sent, and what the login carried is released: the errors
// are those of [mfa.Flow.Begin]. Nobody gets through without Duo, whatever the
// failmode: that is [mfa.ErrSecondFactorUnavailable].
func (p *Prompt) Begin(w http.ResponseWriter, r *http.Request, a Ask) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), Budget)
	defer cancel()
	a.Login.RedirectURI, a.Login.Client = p.Base(r)+a.Path, p.Client(r)
	a.Login.NeverOpen = true
	begun, err := p.cfg.Login.Begin(ctx, a.Login)
	switch {
	case err != nil:
		return err
	case begun.Challenge == nil:
		if begun.Grant != nil {
			p.cfg.Release(ctx, begun.Grant.Username, begun.Grant.Carry)
		}
		return mfa.ErrSecondFactorUnavailable
	}
	return p.onward(w, r, begun.Challenge, a.Next)
}

// onward sends the browser to the prompt. The policy of our pages lets no form
// lead elsewhere, so it is a page that leads on by itself.
func (p *Prompt) onward(w http.ResponseWriter, r *http.Request, c *mfa.Challenge, next string) error {
	u, err := url.Parse(c.AuthURL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%w: authorization URL cannot be read", mfa.ErrUnavailable)
	}
	t := text.English.Prompt
	data := onwardPage{Frame: browser.Frame{Title: t.Title}, T: t, Onward: u.String()}
	lives := max(1, int(c.ExpiresAt.Sub(p.cfg.Now()).Seconds()))
	browser.SetCookie(w, CookieBinding, c.Binding, lives)
	setNext(w, c.Transaction, next, lives)
	w.Header().Set("Refresh", "0; url="+u.String())
	if err := p.pages.Send(w, http.StatusOK, "onward", &data); err != nil {
		for _, set := range []string{"Set-Cookie", "Refresh"} {
			w.Header().Del(set)
		}
		p.cfg.Logger.ErrorContext(r.Context(), "page cannot be rendered", slog.String("page", "onward"), slog.Any("err", err))
		return errors.Join(mfa.ErrUnavailable, err)
	}
	return nil
}

// onwardPage is what the page that leads on shows.
type onwardPage struct {
	browser.Frame

	T      text.Prompt
	Onward string
}

// maxNext is the longest way back in bytes, maxNextCookie the longest cookie
// that is looked at for one.
const (
	maxNext       = 1024
	maxNextCookie = 2 << 10
)

// setNext remembers the way back of one login in this browser.
func setNext(w http.ResponseWriter, transaction, next string, seconds int) {
	if next == "" || len(next) > maxNext {
		return
	}
	browser.SetCookie(w, cookieNext, transaction+"."+base64.RawURLEncoding.EncodeToString([]byte(next)), seconds)
}
