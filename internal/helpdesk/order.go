package helpdesk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// Errors of orders.
var (
	// ErrPolicy: the request breaks a rule of the help desk; nothing was sent.
	ErrPolicy = errors.New("helpdesk: refused by policy")
	// ErrSelf: nobody does this to himself. It also matches [ErrPolicy].
	ErrSelf = errors.New("helpdesk: not for oneself")
	// ErrQuota: the actor has had his share of the day. It also matches
	// [ErrPolicy].
	ErrQuota = errors.New("helpdesk: daily limit reached")
)

// PolicyError names a field of a request and the rule that its value breaks;
// it never shows the value. It matches [ErrPolicy].
type PolicyError struct {
	Field, Rule string
	kind        error
}

// Error implements error.
func (e *PolicyError) Error() string { return ErrPolicy.Error() + ": " + e.Field + " " + e.Rule }

// Unwrap gives the sentinels.
func (e *PolicyError) Unwrap() []error {
	if e.kind != nil {
		return []error{ErrPolicy, e.kind}
	}
	return []error{ErrPolicy}
}

// Actor is who wants something done.
type Actor struct {
	// Name is how the audit trail calls the actor. Required.
	Name string
	// Usernames are further names by which Duo may know the actor: what is
	// forbidden to do to oneself is forbidden to do to them.
	Usernames []string
	// Source, UserAgent, Session and RequestID are those of the request,
	// where there is one, as [audit.Event] has them.
	Source                        netip.Addr
	UserAgent, Session, RequestID string
}

// Order says who wants something done, and why.
type Order struct {
	Actor Actor
	// Reason is 1 to 200 characters on one line. Actions that weaken
	// somebody's second factor are refused without one.
	Reason string
	// Ticket is the case in the help desk's own system, at most 64
	// characters; optional.
	Ticket string
}

const (
	longestReason = 200
	longestTicket = 64
)

// check validates the order for an action.
func (o Order) check(a Action) error {
	line := func(field, text string, most int) error {
		if utf8.RuneCountInString(text) > most || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return &PolicyError{Field: field, Rule: fmt.Sprintf("must have at most %d characters on one line", most)}
		}
		return nil
	}
	if strings.TrimSpace(o.Actor.Name) == "" {
		return &PolicyError{Field: "actor", Rule: "is missing"}
	}
	if strings.TrimSpace(o.Reason) == "" && a.NeedsReason() {
		return &PolicyError{Field: "reason", Rule: "is missing; say why, in 1 to 200 characters"}
	}
	return errors.Join(line("reason", o.Reason, longestReason), line("ticket", o.Ticket, longestTicket))
}

// Deed is what is to be done, for the audit trail.
type Deed struct {
	Action Action
	// Org is the organisation; [Org.Do] fills it in.
	Org string
	// Subject is the username of whom it is done to, where there is one.
	Subject string
	// Detail holds further values; never a secret.
	Detail map[string]string
}

// Do checks the order, records the deed, and then lets it happen: when the
// record cannot be made durable, effect is not called (threat T195). An effect
// that fails is recorded too, and its error returned. Actions that need a
// reason are refused with a [*PolicyError] without one.
func (d *Desk) Do(ctx context.Context, order Order, deed Deed, effect func(ctx context.Context) error) error {
	if err := order.check(deed.Action); err != nil {
		return d.refuse(ctx, order, deed, err)
	}
	if err := d.recorder.Record(ctx, event(order, deed, audit.OK, "")); err != nil {
		return fmt.Errorf("helpdesk: %s not done, it could not be recorded: %w", deed.Action, err)
	}
	err := effect(ctx)
	if err == nil {
		return nil
	}
	failed := event(order, deed, audit.Failed, failure(err))
	if recordErr := d.recorder.Record(context.WithoutCancel(ctx), failed); recordErr != nil {
		return errors.Join(err, recordErr)
	}
	return err
}

// Do is [Desk.Do] in this organisation.
func (o *Org) Do(ctx context.Context, order Order, deed Deed, effect func(ctx context.Context) error) error {
	deed.Org = o.config.Name
	return o.desk.Do(ctx, order, deed, effect)
}

// refuse records that policy refused, and returns why.
func (d *Desk) refuse(ctx context.Context, order Order, deed Deed, why error) error {
	e := event(order, deed, audit.Refused, failure(why))
	e.Name = audit.DuoRefused
	if err := d.recorder.Record(context.WithoutCancel(ctx), e); err != nil {
		return errors.Join(why, err)
	}
	return why
}

func event(order Order, deed Deed, outcome audit.Outcome, failure string) audit.Event {
	detail := maps.Clone(deed.Detail)
	if detail == nil {
		detail = make(map[string]string)
	}
	for name, value := range map[string]string{
		"action": deed.Action.String(), "org": deed.Org, "reason": order.Reason, "ticket": order.Ticket,
	} {
		if value != "" {
			detail[name] = value
		}
	}
	return audit.Event{
		Name: deed.Action.event(), Outcome: outcome, Username: deed.Subject, Reason: failure,
		Actor: order.Actor.Name, Source: order.Actor.Source, UserAgent: order.Actor.UserAgent,
		Session: order.Actor.Session, RequestID: order.Actor.RequestID, Detail: detail,
	}
}

// failure is the word by which the trail knows an error.
func failure(err error) string {
	switch {
	case errors.Is(err, ErrSelf):
		return "self"
	case errors.Is(err, ErrQuota):
		return "quota"
	case errors.Is(err, ErrPolicy):
		return "policy"
	case errors.Is(err, ErrNoCredentials):
		return "no_credentials"
	case errors.Is(err, ErrUnknownOrg):
		return "unknown_org"
	default:
		return duoclient.Classify(err).String()
	}
}

// isSelf reports whether one of names is the actor, as people write names: in
// any case, with or without a domain. Two names with different domains are two
// people, unless the actor has both.
func (a Actor) isSelf(names ...string) bool {
	for _, own := range append([]string{a.Name}, a.Usernames...) {
		for _, name := range names {
			if name != "" && samePerson(own, name) {
				return true
			}
		}
	}
	return false
}

func samePerson(a, b string) bool {
	nameA, domainA := splitName(a)
	nameB, domainB := splitName(b)
	return nameA == nameB && (domainA == "" || domainB == "" || domainA == domainB)
}

// splitName takes DOMAIN\user and user@domain apart, in lower case.
func splitName(name string) (user, domain string) {
	name = strings.ToLower(strings.TrimSpace(name))
	if before, after, ok := strings.Cut(name, `\`); ok {
		return after, before
	}
	user, domain, _ = strings.Cut(name, "@")
	return user, domain
}
