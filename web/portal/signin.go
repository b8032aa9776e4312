package portal

import (
	"context"
	"net/http"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/secret"
	"mfaserver/mfa"
	"mfaserver/web/prompt"
	"mfaserver/web/signin"
)

const (
	// passwordBudget bounds the check of a password, whatever the browser does.
	passwordBudget = 22 * time.Second
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
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(passwordBudget + prompt.Budget + answerTime)) //nolint:forbidigo // sockets know only the real clock
	c := p.prompt.Client(r)
	begin, err := p.password(r, form, c)
	if err != nil {
		p.refused(w, r, form["username"], err)
		return
	}
	path := pathCallback
	if form["want"] == wantCode {
		path = pathCodeCallback
	}
	if err := p.prompt.Begin(w, r, prompt.Ask{Login: begin, Path: path}); err != nil {
		p.refused(w, r, form["username"], err)
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

func (p *Portal) record(ctx context.Context, c mfa.Client, e audit.Event) error {
	e.Source, e.UserAgent, e.RequestID = c.Addr, c.UserAgent, c.RequestID
	return p.deps.Recorder.Record(ctx, e)
}
