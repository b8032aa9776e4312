package main

import (
	"context"
	"slices"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
	peopledesk "mfaserver/internal/people"
	"mfaserver/internal/selfservice"
)

// openPeople makes what looks after users, on the organisation of this
// server's own sign-ins.
func (a *app) openPeople(context.Context) error {
	org, err := a.desk.Org("")
	if err != nil {
		return err
	}
	c := peopledesk.Config{
		Sessions: a.sessions,
		Org:      org,
		RevokeTokens: func(ctx context.Context, username, by, reason string) error {
			_, err := a.tokens.RevokeUser(ctx, username, by, reason)
			return err
		},
		DuoUsername: a.cfg.DuoUsername,
		Recorder:    a.recorder,
		Logger:      a.logger,
		Now:         now,
	}
	if a.directory != nil {
		c.Accounts = a.directory
	}
	if a.people, err = peopledesk.New(c); err != nil {
		return err
	}
	a.devices, err = selfservice.New(selfservice.Config{Org: org, Recorder: a.recorder, DuoUsername: a.cfg.DuoUsername, Now: now})
	return err
}

// signOut ends the sessions of a user by Duo's name for him. A desk may outlive
// the configuration that it was made for.
func (a *app) signOut(ctx context.Context, order helpdesk.Order, duoUsername string) (int, error) {
	return a.latest().people.SignOut(ctx, duoUsername, peopledesk.Why(order))
}

// additions finds the devices that people added themselves. The trail is this
// node's: what was added at another node shows there.
type additions struct{ reader *audit.Reader }

// DevicesAdded implements [portal.Additions], newest first.
func (a additions) DevicesAdded(ctx context.Context, username string, since time.Time, most int) ([]audit.Entry, error) {
	var all []audit.Entry
	f := audit.Filter{User: username, Event: audit.DeviceAdded, Outcome: audit.OK, From: since, Newest: true, Limit: most}
	for e, err := range a.reader.Search(ctx, f) {
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	slices.Reverse(all)
	return all, nil
}

// lastRecords finds the newest records about a user.
type lastRecords struct{ reader *audit.Reader }

// Last returns the newest first.
func (l lastRecords) Last(ctx context.Context, username string, most int) ([]audit.Entry, error) {
	var all []audit.Entry
	for e, err := range l.reader.Search(ctx, audit.Filter{User: username, Newest: true, Limit: most}) {
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	slices.Reverse(all)
	return all, nil
}
