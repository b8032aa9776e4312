// Package helpdesk is the one policy between whoever looks after people's
// second factors (commands, HTTP, the console) and Duo: which organisations
// there are and how they are reached, who may do what to whom and how often,
// what is recorded before it happens, and the errands that take several calls:
// enrolling somebody, many people from a list, reports over all organisations,
// verifying a caller.
package helpdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
)

// Errors of organisations.
var (
	// ErrUnknownOrg: no organisation of that name is configured.
	ErrUnknownOrg = errors.New("helpdesk: no such organisation")
	// ErrNoCredentials: the organisation has no application for this API.
	ErrNoCredentials = errors.New("helpdesk: no credentials for this API")
	// ErrNoChild: the Accounts API does not list the configured account ID.
	ErrNoChild = errors.New("helpdesk: the Accounts API has no such child account")
	// ErrConfig: the desk's configuration makes no sense.
	ErrConfig = errors.New("helpdesk: configuration refused")
)

// Recorder is the audit trail, see [audit.Recorder].
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// OrgConfig is an organisation: one Duo account and the ways to it.
type OrgConfig struct {
	// Name is what people call it.
	Name string
	// AccountID is the child account to speak for with the keys of
	// [Config.Accounts]; APIHost the child's API host, looked up when empty.
	AccountID, APIHost string
	// Admin and Auth are the organisation's own applications; nil: none.
	Admin, Auth *duoclient.APIConfig
	// DirectoryKey is the directory of [Org.Sync].
	DirectoryKey string
	// BypassLife and ActivationLife are the defaults of requests that name no
	// life; zero: an hour, a day.
	BypassLife, ActivationLife time.Duration
}

// Config is what a [Desk] is made of.
type Config struct {
	// Organizations has at least one row; the first is the one that is meant
	// when nobody names one.
	Organizations []OrgConfig
	// Accounts is the application of the Accounts API; nil: none.
	Accounts *duoclient.APIConfig
	// BypassCodes is the most bypass codes of one request, at most 5, which is
	// also the default; BypassPerDay the most of one actor in 24 hours, 10 by
	// default.
	BypassCodes, BypassPerDay int
	// Quota counts the bypass codes of each actor; nil counts them in this
	// process.
	Quota Quota
	// BypassStatus is how long a user or group stays in bypass when nobody says,
	// 8 hours by default; Lapses remembers when that ends, nil: nobody is put
	// into bypass.
	BypassStatus time.Duration
	Lapses       Lapses
	// Follows is the desk whose place this one takes while the server runs: what
	// each actor had within the day still counts. nil at a start.
	Follows *Desk
	// Recorder is told of everything before it happens. Required.
	Recorder Recorder
	// SignOut ends the sessions of whoever has that name at Duo in the first
	// organisation, the one of this server's own sign-ins; nil: nobody signs in
	// here. It says how many.
	SignOut func(ctx context.Context, order Order, duoUsername string) (int, error)
	// Options go to every client.
	Options []duoclient.Option
	// Now defaults to the real clock.
	Now func() time.Time
	// Sleep waits between the questions of [Org.Verify]; nil: real time.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Desk serves all organisations. It is safe for concurrent use and prints
// without secrets.
type Desk struct {
	orgs     []*Org
	accounts *accountsAPI
	codes    int
	quota    Quota
	perDay   int
	recorder Recorder
	signOut  func(ctx context.Context, order Order, duoUsername string) (int, error)
	// bypassStatus is how long a bypass lasts by default.
	bypassStatus time.Duration
	lapses       Lapses
	retries      retries
	now          func() time.Time
	sleep        func(ctx context.Context, d time.Duration) error
}

// Bounds of bypass codes (threat T158).
const (
	mostCodes     = 5
	defaultPerDay = 10
)

// New checks c; nothing is sent. Errors match [ErrConfig], or those of
// duoclient about the applications.
func New(c Config) (*Desk, error) {
	d := &Desk{
		codes: c.BypassCodes, recorder: c.Recorder, signOut: c.SignOut, now: c.Now, sleep: c.Sleep,
		accounts: &accountsAPI{config: c.Accounts, options: c.Options},
	}
	if d.now == nil {
		d.now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	if d.sleep == nil {
		d.sleep = sleep
	}
	d.lapses, d.bypassStatus = c.Lapses, c.BypassStatus
	if d.bypassStatus == 0 {
		d.bypassStatus = defaultBypassStatus
	}
	if _, err := NewSpan(d.bypassStatus); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if d.codes == 0 {
		d.codes = mostCodes
	}
	perDay := c.BypassPerDay
	if perDay == 0 {
		perDay = defaultPerDay
	}
	d.perDay = perDay
	switch {
	case c.Quota != nil:
		d.quota = c.Quota
	case c.Follows != nil:
		d.quota = c.Follows.quota
	default:
		d.quota = NewQuota()
	}
	switch {
	case c.Recorder == nil:
		return nil, fmt.Errorf("%w: no recorder", ErrConfig)
	case len(c.Organizations) == 0:
		return nil, fmt.Errorf("%w: no organisation", ErrConfig)
	case d.codes < 1 || d.codes > mostCodes:
		return nil, fmt.Errorf("%w: bypass codes of a request must be 1 to %d, not %d", ErrConfig, mostCodes, d.codes)
	case perDay < 1:
		return nil, fmt.Errorf("%w: bypass codes of a day must be 1 or more, not %d", ErrConfig, perDay)
	}
	for _, row := range c.Organizations {
		org, err := newOrg(d, row, c.Options)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(d.orgs, func(o *Org) bool { return o.config.Name == row.Name }) {
			return nil, fmt.Errorf("%w: two organisations are called %s", ErrConfig, row.Name)
		}
		d.orgs = append(d.orgs, org)
	}
	return d, nil
}

// UnknownOrgError is a name that no organisation has. It matches
// [ErrUnknownOrg].
type UnknownOrgError struct {
	Name string
	// Known are the names there are.
	Known []string
}

// Error implements error.
func (e *UnknownOrgError) Error() string {
	return fmt.Sprintf("%v: %q; there are: %s", ErrUnknownOrg, shorten(e.Name), strings.Join(e.Known, ", "))
}

// Unwrap gives [ErrUnknownOrg].
func (e *UnknownOrgError) Unwrap() error { return ErrUnknownOrg }

// Org gives the organisation of that name, the first when it is empty, or an
// [*UnknownOrgError].
func (d *Desk) Org(name string) (*Org, error) {
	if name == "" {
		return d.orgs[0], nil
	}
	for _, o := range d.orgs {
		if o.config.Name == name {
			return o, nil
		}
	}
	return nil, &UnknownOrgError{Name: name, Known: d.Names()}
}

// Orgs gives all organisations in the order of the configuration.
func (d *Desk) Orgs() []*Org { return slices.Clone(d.orgs) }

// Select gives every organisation that can be administered when all is set,
// and the one of that name otherwise. Name and all exclude each other.
func (d *Desk) Select(name string, all bool) ([]*Org, error) {
	if !all {
		o, err := d.Org(name)
		if err != nil {
			return nil, err
		}
		return []*Org{o}, nil
	}
	if name != "" {
		return nil, &PolicyError{Field: "org", Rule: "cannot be named when all organisations are meant"}
	}
	able := slices.DeleteFunc(d.Orgs(), func(o *Org) bool { return !o.Administered() })
	if len(able) == 0 {
		return nil, fmt.Errorf("%w: no organisation has an Admin API application or an account ID", ErrNoCredentials)
	}
	return able, nil
}

// Names are the organisations' names, in order.
func (d *Desk) Names() []string {
	names := make([]string, len(d.orgs))
	for i, o := range d.orgs {
		names[i] = o.config.Name
	}
	return names
}

// Close closes idle connections.
func (d *Desk) Close() {
	for _, o := range d.orgs {
		o.close()
	}
	d.accounts.close()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// shorten bounds a text from outside that an error repeats.
func shorten(s string) string {
	const most = 64
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
