package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/secret"
	"mfaserver/mfa"
	"mfaserver/web/signin"
)

const (
	// passwordBudget bounds the check of a password, flowBudget what follows,
	// whatever the browser does.
	passwordBudget = 22 * time.Second
	flowBudget     = 12 * time.Second
	// answerTime is for the answer itself.
	answerTime = 10 * time.Second
)

// wantCode is the value of the button for a sign-in code.
const wantCode = "code"

// signIn checks a password and sends the browser to Duo.
func (p *Portal) signIn(w http.ResponseWriter, r *http.Request) {
	form, ok := p.posted(w, r)
	if !ok {
		return
	}
	// A writer without deadlines needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(passwordBudget + flowBudget + answerTime)) //nolint:forbidigo // sockets know only the real clock
	c := p.client(r)
	begin, err := p.password(r, form, c)
	if err != nil {
		p.refused(w, r, form["username"], err)
		return
	}
	begin.RedirectURI = p.base(r) + pathCallback
	if form["want"] == wantCode {
		begin.RedirectURI = p.base(r) + pathCodeCallback
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), flowBudget)
	defer cancel()
	begun, err := p.deps.Login.Begin(ctx, begin)
	switch {
	case err != nil:
		p.refused(w, r, form["username"], err)
	case begun.Challenge != nil:
		p.toDuo(w, r, begun.Challenge)
	default:
		// Failing open is for the login API: nobody gets a code without a
		// second factor.
		if begun.Grant != nil {
			p.release(ctx, begun.Grant.Username, begun.Grant.Carry)
		}
		p.refused(w, r, form["username"], mfa.ErrSecondFactorUnavailable)
	}
}

// password checks the password, and whether the rules let the user come this
// way: by the name that was typed and by his own.
func (p *Portal) password(r *http.Request, form map[string]string, c mfa.Client) (signin.Accepted, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), passwordBudget)
	defer cancel()
	begin, err := p.passwords.Check(ctx, signin.Attempt{
		Username: form["username"], Password: secret.New(form["password"]), Client: c,
	})
	if err != nil {
		return signin.Accepted{}, err
	}
	for _, name := range []string{form["username"], begin.Username} {
		d := p.deps.Rules.Decide(rules.Request{
			Username: name, Addr: c.Addr, UserAgent: r.UserAgent(), At: p.cfg.Now(),
			Header: func(name string) bool { return len(r.Header.Values(name)) > 0 },
		})
		if d.Allows(rules.Code) || form["want"] != wantCode && d.Allows(rules.Prompt) {
			continue
		}
		p.release(ctx, begin.Username, begin.Carry)
		return signin.Accepted{}, p.modeRefused(ctx, begin.Username, c, d)
	}
	return begin, nil
}

func (p *Portal) modeRefused(ctx context.Context, username string, c mfa.Client, d rules.Decision) error {
	e := audit.Event{
		Name: audit.MFAModeRefused, Outcome: audit.Refused, Username: username, Reason: "portal",
		Detail: map[string]string{"rule": d.Rule, "mode": string(d.Mode)},
	}
	if err := p.record(ctx, c, e); err != nil {
		return err
	}
	return &primary.RefusedError{}
}

// toDuo sends the browser to the prompt. The policy of our pages lets no form
// lead elsewhere, so it is a page that leads on by itself.
func (p *Portal) toDuo(w http.ResponseWriter, r *http.Request, c *mfa.Challenge) {
	u, err := url.Parse(c.AuthURL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		p.unavailable(w, r, errors.New("portal: authorization URL cannot be read"))
		return
	}
	setCookie(w, cookieBinding, c.Binding, max(1, int(c.ExpiresAt.Sub(p.cfg.Now()).Seconds())))
	w.Header().Set("Refresh", "0; url="+u.String())
	p.show(w, r, http.StatusOK, "onward", &pageData{Onward: u.String()})
}

// base is the public URL that the browser used, if it is one of ours; else the
// first. Nothing else of the request goes into it (threats T020, T022).
func (p *Portal) base(r *http.Request) string {
	i := slices.Index(p.cfg.PublicURLs, "https://"+strings.ToLower(r.Host))
	return p.cfg.PublicURLs[max(0, i)]
}

// client is who sent r; its binding is that of the portal.
func (p *Portal) client(r *http.Request) mfa.Client {
	c := p.cfg.Client(r)
	c.Binding = cookieValue(r, cookieBinding)
	return c
}

func (p *Portal) record(ctx context.Context, c mfa.Client, e audit.Event) error {
	e.Source, e.UserAgent, e.RequestID = c.Addr, c.UserAgent, c.RequestID
	return p.deps.Recorder.Record(ctx, e)
}
