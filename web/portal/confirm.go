package portal

import (
	"errors"
	"net/http"

	"mfaserver/mfa"
	"mfaserver/web/browser"
	"mfaserver/web/prompt"
)

// confirmPage asks somebody who is signed in to confirm with Duo once more.
type confirmPage struct {
	base

	Lead, Why, Next string
}

// confirmFirst shows why a page needs a fresh approval, and the way to it.
func (p *Portal) confirmFirst(v *visit, status int, next, problem string) {
	t := p.text.Devices
	p.show(v, status, "confirm", &confirmPage{
		base: base{Frame: browser.Frame{Title: t.ConfirmTitle}, Problem: problem}, Lead: t.ConfirmLead, Why: t.ConfirmWhy, Next: next,
	})
}

// confirm sends somebody who is signed in to Duo.
func (p *Portal) confirm(v *visit) {
	form, ok := p.posted(v, "next")
	if !ok {
		return
	}
	p.askAgain(v, pathConfirmCallback, nextWord(form["next"]))
}

func (p *Portal) askAgain(v *visit, path, next string) {
	patience(v.w, 0)
	err := p.prompt.Begin(v.w, v.r, prompt.Ask{Login: prompt.Again(v.session), Path: path, Next: next})
	if err != nil {
		p.notConfirmed(v, next, err)
	}
}

// confirmed takes the browser back from Duo for somebody who was signed in when
// it left, and still is. The session goes on as a new one with the fresh
// approval, until the old one's end at the latest.
func (p *Portal) confirmed(v *visit) {
	back, err := p.prompt.Return(v.r)
	next := nextWord(back.Next)
	if err != nil {
		if !p.broken(v, err) {
			p.notConfirmed(v, next, err)
		}
		return
	}
	defer v.finish(prompt.Budget)()
	g := back.Grant
	p.release(v.r.Context(), g.Username, g.Carry)
	g.Carry = nil
	switch {
	case !v.signedIn() || v.session.Username != g.Username:
		p.say(v, http.StatusGone, p.text.Over)
	case g.ApprovedAt.IsZero():
		// Duo let him in unasked: that proves nothing about who sits there.
		p.prompt.Forget(v.w)
		browser.SetNotice(v.w, noticeNotAsked)
		seeOther(v.w, nextPath(next))
	default:
		p.goOn(v, g, next)
	}
}

// goOn is confirmed with a fresh approval.
func (p *Portal) goOn(v *visit, g *mfa.Grant, next string) {
	if err := p.start(v, g, v.session); err != nil {
		p.refused(v, g.Username, next, err)
		return
	}
	if v.r.URL.Path == pathNewCodeCallback {
		p.issue(v, g)
		return
	}
	browser.SetNotice(v.w, noticeConfirmed)
	seeOther(v.w, nextPath(next))
}

// notConfirmed answers somebody who is signed in and whom Duo did not confirm.
// He stays signed in.
func (p *Portal) notConfirmed(v *visit, next string, cause error) {
	if !v.signedIn() {
		p.refused(v, "", next, cause)
		return
	}
	if errors.Is(cause, prompt.ErrDenied) {
		browser.SetNotice(v.w, noticeNotConfirmed)
		seeOther(v.w, nextPath(next))
		return
	}
	if status, problem := p.problem(v, cause); problem != "" {
		p.confirmFirst(v, status, next, problem)
		return
	}
	p.unavailable(v, cause)
}
