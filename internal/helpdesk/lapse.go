package helpdesk

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"mfaserver/duoclient"
)

// Bounds of how long a user or a group may be in bypass (threat T159).
const (
	ShortestBypassStatus = 5 * time.Minute
	LongestBypassStatus  = 7 * 24 * time.Hour
	defaultBypassStatus  = 8 * time.Hour
)

// ErrNoLapses says that nobody would take a bypass back, so that there is none.
var ErrNoLapses = errors.New("helpdesk: nothing keeps when a bypass ends")

// Span is how long a bypass lasts: [ShortestBypassStatus] to
// [LongestBypassStatus]. The zero value stands for the configured one, so that
// no value means for ever.
type Span struct{ d time.Duration }

// NewSpan takes whole seconds within the bounds; else a [*PolicyError].
func NewSpan(d time.Duration) (Span, error) {
	if d < ShortestBypassStatus || d > LongestBypassStatus || d%time.Second != 0 {
		return Span{}, &PolicyError{Field: "for", Rule: "must be 5 minutes to 7 days, in whole seconds: a bypass ends by itself"}
	}
	return Span{d: d}, nil
}

// LapseKind is what is in bypass.
type LapseKind string

// The kinds.
const (
	LapseUser  LapseKind = "user"
	LapseGroup LapseKind = "group"
)

// Lapse is a bypass that ends by itself (threat T159).
type Lapse struct {
	Org  string    `json:"org"`
	Kind LapseKind `json:"kind"`
	// ID and Name are Duo's, of the user or group.
	ID   string `json:"id"`
	Name string `json:"name"`
	// To is the status that follows: active, or disabled where it was that.
	To string `json:"to"`
	// Due is when it ends.
	Due time.Time `json:"due"`
	// Actor and Reason say who let them in without a second factor, and why.
	Actor  string `json:"actor"`
	Reason string `json:"reason"`
}

// Same reports whether both are about one user or group.
func (l Lapse) Same(other Lapse) bool {
	return l.Org == other.Org && l.Kind == other.Kind && l.ID == other.ID
}

// Lapses remembers what has to end, over restarts. Implementations are safe for
// concurrent use, also by several processes.
type Lapses interface {
	// Keep makes l durable, in the place of another one of the same user or
	// group.
	Keep(ctx context.Context, l Lapse) error
	// Forget drops l. One that was kept in its place meanwhile stays.
	Forget(ctx context.Context, l Lapse) error
	// All gives every one, those that end first in front. What cannot be read
	// is an error beside the others.
	All(ctx context.Context) ([]Lapse, error)
}

// Bypass lets a user in without a second factor for a span, and gives when it
// ends. It needs a reason, and is not for oneself; before Duo is asked, when it
// ends is on disk (threat T159).
func (o *Org) Bypass(ctx context.Context, order Order, s Subject, span Span) (*duoclient.User, time.Time, error) {
	deed := Deed{Action: ActionUserStatus, Org: o.config.Name, Subject: s.Username, Detail: map[string]string{"status": string(duoclient.UserBypass)}}
	if err := order.check(deed.Action); err != nil {
		return nil, time.Time{}, o.desk.refuse(ctx, order, deed, err)
	}
	user, err := o.Find(ctx, s)
	if err != nil {
		return nil, time.Time{}, err
	}
	deed.Subject = user.Username
	deed.Detail["user_id"], deed.Detail["from"] = user.UserID, string(user.Status)
	if order.Actor.isSelf(names(user)...) {
		return nil, time.Time{}, o.desk.refuse(ctx, order, deed, errSelf("status"))
	}
	l := Lapse{Kind: LapseUser, ID: user.UserID, Name: user.Username, To: after(string(user.Status))}
	var changed *duoclient.User
	due, err := o.lapse(ctx, order, deed, l, span, func(ctx context.Context, admin *duoclient.Admin) error {
		changed, err = admin.Users.Update(ctx, user.UserID, duoclient.UserParams{Status: duoclient.UserBypass})
		return err
	})
	return changed, due, err
}

// BypassGroup changes a group whose members then need no second factor for a
// span; p holds what else changes. It needs a reason.
func (o *Org) BypassGroup(ctx context.Context, order Order, groupID string, p duoclient.GroupParams, span Span) (*duoclient.Group, time.Time, error) {
	deed := Deed{Action: ActionGroupUpdate, Org: o.config.Name, Detail: map[string]string{"group": groupID, "status": string(duoclient.UserBypass)}}
	if err := order.check(deed.Action); err != nil {
		return nil, time.Time{}, o.desk.refuse(ctx, order, deed, err)
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	group, err := admin.Groups.Get(ctx, groupID)
	if err != nil {
		return nil, time.Time{}, err
	}
	deed.Detail["from"] = strings.ToLower(group.Status)
	p.Status = string(duoclient.UserBypass)
	l := Lapse{Kind: LapseGroup, ID: group.GroupID, Name: group.Name, To: after(strings.ToLower(group.Status))}
	var changed *duoclient.Group
	due, err := o.lapse(ctx, order, deed, l, span, func(ctx context.Context, admin *duoclient.Admin) error {
		changed, err = admin.Groups.Update(ctx, groupID, p)
		return err
	})
	return changed, due, err
}

// after is the status that follows a bypass. Whoever was kept out is so again.
func after(before string) string {
	if before == string(duoclient.UserDisabled) {
		return before
	}
	return string(duoclient.UserActive)
}

// lapse lets effect happen when it is on disk that it ends. Until it has
// happened, an earlier end of the same one holds.
func (o *Org) lapse(ctx context.Context, order Order, deed Deed, l Lapse, span Span, effect func(ctx context.Context, admin *duoclient.Admin) error) (time.Time, error) {
	if o.desk.lapses == nil {
		return time.Time{}, ErrNoLapses
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if span.d == 0 {
		span.d = o.desk.bypassStatus
	}
	l.Org, l.Actor, l.Reason, l.Due = o.config.Name, order.Actor.Name, order.Reason, o.desk.now().Add(span.d).UTC().Truncate(time.Second)
	before, err := o.desk.lapseOf(ctx, l)
	if err != nil {
		return time.Time{}, err
	}
	first := l
	if before != nil {
		if l.To = before.To; before.Due.Before(l.Due) {
			first = *before
		}
	}
	deed.Detail = maps.Clone(deed.Detail)
	deed.Detail["until"] = l.Due.Format(time.RFC3339)
	err = o.Do(ctx, order, deed, func(ctx context.Context) error {
		if err := o.desk.lapses.Keep(ctx, first); err != nil {
			return err
		}
		return effect(ctx, admin)
	})
	if err != nil {
		// What Duo did is not known: should it be in bypass, it ends all the same.
		return time.Time{}, err
	}
	if first != l {
		if err := o.desk.lapses.Keep(ctx, l); err != nil {
			return first.Due, err
		}
	}
	return l.Due, nil
}

// lapseOf is what is kept of the same user or group; nil: nothing.
func (d *Desk) lapseOf(ctx context.Context, l Lapse) (*Lapse, error) {
	all, err := d.Lapses(ctx)
	for _, other := range all {
		if other.Same(l) {
			return &other, nil
		}
	}
	return nil, err
}

// Lapses are all that end by themselves, the next one in front.
func (d *Desk) Lapses(ctx context.Context) ([]Lapse, error) {
	if d.lapses == nil {
		return nil, nil
	}
	return d.lapses.All(ctx)
}

// BypassEnds is when the bypass of whoever has that username at Duo ends by
// itself; zero when it does not, or there is none.
func (o *Org) BypassEnds(ctx context.Context, username string) (time.Time, error) {
	all, err := o.desk.Lapses(ctx)
	for _, l := range all {
		if l.Org == o.config.Name && l.Kind == LapseUser && strings.EqualFold(l.Name, username) {
			return l.Due, nil
		}
	}
	return time.Time{}, err
}

// ForgetLapse drops what was to end of a user or group that somebody has put
// into another status.
func (o *Org) ForgetLapse(ctx context.Context, kind LapseKind, id string) error {
	l, err := o.desk.lapseOf(ctx, Lapse{Org: o.config.Name, Kind: kind, ID: id})
	if l == nil {
		return err
	}
	return o.desk.lapses.Forget(ctx, *l)
}
