package helpdesk

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"mfaserver/duoclient"
)

// Subject names a user of Duo's: by username or alias, or by user ID. Exactly
// one of the two.
type Subject struct{ Username, UserID string }

// String gives whichever is set.
func (s Subject) String() string {
	if s.UserID != "" {
		return s.UserID
	}
	return s.Username
}

// Find gives the user, or [duoclient.ErrNotFound].
func (o *Org) Find(ctx context.Context, s Subject) (*duoclient.User, error) {
	if (s.Username == "") == (s.UserID == "") {
		return nil, &PolicyError{Field: "username", Rule: "or user_id must be given, and not both"}
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return nil, err
	}
	var user *duoclient.User
	if s.UserID != "" {
		user, err = admin.Users.Get(ctx, s.UserID)
	} else {
		user, err = admin.Users.ByName(ctx, s.Username)
	}
	if err != nil {
		return nil, fmt.Errorf("helpdesk: user %s of %s: %w", shorten(s.String()), o.config.Name, err)
	}
	return user, nil
}

// names are all names that Duo knows a user by.
func names(u *duoclient.User) []string {
	return append(slices.Collect(maps.Values(u.Aliases)), u.Username, u.Email)
}

// SetStatus makes Duo ask the user for a second factor, let him in without, or
// keep him out. Whoever sets another status than active weakens or takes away
// a second factor: it needs a reason, and nobody lets himself in without
// (threat T159). A bypass lasts for the configured time, see [Org.Bypass].
func (o *Org) SetStatus(ctx context.Context, order Order, s Subject, status duoclient.UserStatus) (*duoclient.User, error) {
	if status == duoclient.UserBypass {
		user, _, err := o.Bypass(ctx, order, s, Span{})
		return user, err
	}
	deed := Deed{Action: ActionUserStatus, Org: o.config.Name, Subject: s.Username, Detail: map[string]string{"status": string(status)}}
	if err := order.check(deed.Action); err != nil {
		return nil, o.desk.refuse(ctx, order, deed, err)
	}
	user, err := o.Find(ctx, s)
	if err != nil {
		return nil, err
	}
	deed.Subject = user.Username
	deed.Detail["user_id"], deed.Detail["from"] = user.UserID, string(user.Status)
	admin, err := o.Admin(ctx)
	if err != nil {
		return nil, err
	}
	var changed *duoclient.User
	err = o.Do(ctx, order, deed, func(ctx context.Context) error {
		changed, err = admin.Users.Update(ctx, user.UserID, duoclient.UserParams{Status: status})
		return err
	})
	if err != nil {
		return nil, err
	}
	// What stays behind ends nothing: the user is not in bypass.
	_ = o.ForgetLapse(ctx, LapseUser, user.UserID)
	return changed, nil
}

func errSelf(field string) error {
	return &PolicyError{Field: field, Rule: "is not for oneself; ask a colleague", kind: ErrSelf}
}

// Sync fetches one user from the organisation's directory into Duo. directory
// replaces the configured key when it is not empty.
func (o *Org) Sync(ctx context.Context, order Order, username, directory string) error {
	if directory == "" {
		directory = o.config.DirectoryKey
	}
	if directory == "" {
		return &PolicyError{
			Field: "directory_key",
			Rule:  "is not configured for " + o.config.Name + "; copy it from the directory's page in Duo's panel, no call lists it",
		}
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return err
	}
	deed := Deed{Action: ActionUserSync, Subject: username, Detail: map[string]string{"directory_key": directory}}
	return o.Do(ctx, order, deed, func(ctx context.Context) error {
		_, err := admin.Users.SyncOne(ctx, directory, username)
		return err
	})
}
