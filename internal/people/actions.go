package people

import (
	"context"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

// subject is a user by Duo's name.
func (p *People) subject(username string) (helpdesk.Subject, error) {
	name, err := p.cfg.DuoUsername(username)
	return helpdesk.Subject{Username: name}, err
}

// Codes are new bypass codes, told this once.
type Codes struct {
	Codes   []secret.Secret
	Expires time.Time
}

// Bypass makes one bypass code. Errors are the help desk's.
func (p *People) Bypass(ctx context.Context, order helpdesk.Order, username string, valid time.Duration, keep bool) (Codes, error) {
	s, err := p.subject(username)
	if err != nil {
		return Codes{}, err
	}
	life, err := helpdesk.NewLife(valid)
	if err != nil {
		return Codes{}, err
	}
	made, err := p.cfg.Org.CreateBypass(ctx, helpdesk.BypassRequest{Order: order, Subject: s, Life: life, KeepExisting: keep})
	if err != nil {
		return Codes{}, err
	}
	return Codes{Codes: made.Codes, Expires: made.Expires}, nil
}

// Invitation is how somebody is to be enrolled: by a phone's number, which gets
// a link or a message, or by e-mail.
type Invitation struct {
	Phone, Email string
	Deliver      helpdesk.Delivery
}

// Link is what came of an invitation. URL and Scan are told this once; they are
// empty when the link was sent.
type Link struct {
	URL, Scan secret.Secret
	Expires   time.Time
	// Active: the phone is set up already, and nothing was sent.
	Active bool
}

// Enrol makes the user known to Duo with a phone, and gives or sends the link
// that sets it up. Errors are the help desk's.
func (p *People) Enrol(ctx context.Context, order helpdesk.Order, username string, i Invitation) (Link, error) {
	s, err := p.subject(username)
	if err != nil {
		return Link{}, err
	}
	r := helpdesk.EnrolRequest{Order: order, Username: s.Username, Phone: i.Phone, Email: i.Email, Deliver: i.Deliver}
	if i.Deliver == helpdesk.DeliverEmail {
		r.Phone = ""
	}
	done, err := p.cfg.Org.Enrol(ctx, r)
	if err != nil {
		return Link{}, err
	}
	p.Refresh() //nolint:contextcheck // goes on in the background
	link := Link{URL: done.ActivationURL, Scan: done.Scan(), Expires: done.Expires}
	for _, step := range done.Steps {
		link.Active = link.Active || step.Name == helpdesk.StepLink && step.State == helpdesk.StepSkipped
	}
	return link, nil
}

// Reset takes away what the user proves himself with. Errors are the help
// desk's.
func (p *People) Reset(ctx context.Context, order helpdesk.Order, username string) (helpdesk.ResetDone, error) {
	s, err := p.subject(username)
	if err != nil {
		return helpdesk.ResetDone{}, err
	}
	done, err := p.cfg.Org.Reset(ctx, order, s)
	p.Refresh() //nolint:contextcheck // goes on in the background
	return done, err
}

// Lock has Duo refuse the user, or ask him again. Nobody locks himself out.
// Errors are the help desk's, and [ErrSelf].
func (p *People) Lock(ctx context.Context, order helpdesk.Order, username string, lock bool) error {
	if lock && order.Actor.Name == username {
		return ErrSelf
	}
	s, err := p.subject(username)
	if err != nil {
		return err
	}
	status := duoclient.UserActive
	if lock {
		status = duoclient.UserDisabled
	}
	_, err = p.cfg.Org.SetStatus(ctx, order, s, status)
	p.Refresh() //nolint:contextcheck // goes on in the background
	return err
}

// BypassEnds is when Duo asks the user for a second factor again by itself; zero
// when that is not known.
func (p *People) BypassEnds(ctx context.Context, username string) (time.Time, error) {
	s, err := p.subject(username)
	if err != nil {
		return time.Time{}, err
	}
	return p.cfg.Org.BypassEnds(ctx, s.Username)
}

// EndSessions ends all sessions of a user.
func (p *People) EndSessions(ctx context.Context, order helpdesk.Order, username string) (int, error) {
	ended, err := p.cfg.Sessions.EndUser(ctx, username, Why(order))
	return len(ended), err
}

// Why is the reason of a revocation as the trail has it: who, and what he
// wrote.
func Why(order helpdesk.Order) string {
	if order.Reason == "" {
		return "by " + order.Actor.Name
	}
	return "by " + order.Actor.Name + ": " + order.Reason
}
