package portal

import (
	"errors"
	"net/http"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/secret"
	"mfaserver/web/browser"
)

// codeFormPage is how to get a sign-in code.
type codeFormPage struct {
	base

	// Allowed: the rules let the user use codes. Password: he has to give it
	// once more.
	Allowed, Password bool
	Username          string
}

// codePage shows a code, once.
type codePage struct {
	base

	Facts browser.Facts
	Code  browser.Copyable
}

func (p *Portal) codeForm(v *visit) {
	p.show(v, http.StatusOK, "code-form", &codeFormPage{
		base:    base{Frame: browser.Frame{Title: p.text.Code.Title}},
		Allowed: p.decide(v, v.session.Username).Allows(rules.Code), Password: p.carries(), Username: v.session.Username,
	})
}

// carries reports whether a sign-in carries something, such as a session at the
// engine behind, that only the password opens.
func (p *Portal) carries() bool { return p.deps.Releaser != nil }

// newCode sends somebody who is signed in to Duo for a sign-in code: an
// approval for each code.
func (p *Portal) newCode(v *visit) {
	if _, ok := p.posted(v); !ok {
		return
	}
	d := p.decide(v, v.session.Username)
	switch {
	case p.carries():
		seeOther(v.w, pathCode)
	case !d.Allows(rules.Code):
		// Nothing to say but what the page says; the trail wants to know.
		if err := p.modeRefused(v.r.Context(), v.session.Username, p.client(v), d); !errors.Is(err, primary.ErrRefused) {
			p.unavailable(v, err)
			return
		}
		seeOther(v.w, pathCode)
	default:
		p.askAgain(v, pathNewCodeCallback, "code")
	}
}

func (p *Portal) showCode(v *visit, code secret.Secret, expires time.Time) {
	t := p.text.Code
	p.show(v, http.StatusOK, "code", &codePage{
		base: base{Frame: browser.Frame{Title: t.ShownTitle}},
		Facts: browser.Facts{Label: t.Facts, List: []browser.Fact{
			{ID: "user", Label: t.User, Value: v.session.Username},
			{ID: "expires", Label: t.Ends, Time: expires, Countdown: true},
		}},
		Code: browser.Copyable{ID: "code", Label: t.Label, Value: code.Reveal(), Copy: t.Copy, Large: true},
	})
}
