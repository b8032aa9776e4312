package helpdesk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mfaserver/duoclient"
)

// Org is one organisation. Its clients are made when they are first asked for.
// Safe for concurrent use.
type Org struct {
	desk    *Desk
	config  OrgConfig
	options []duoclient.Option
	auth    *duoclient.Auth

	mu    sync.Mutex
	admin *duoclient.Admin // guarded by mu
}

// Lives of what is handed out when nobody says otherwise.
const (
	defaultBypassLife     = time.Hour
	defaultActivationLife = 24 * time.Hour
)

func newOrg(d *Desk, c OrgConfig, options []duoclient.Option) (*Org, error) {
	if c.BypassLife == 0 {
		c.BypassLife = defaultBypassLife
	}
	if c.ActivationLife == 0 {
		c.ActivationLife = defaultActivationLife
	}
	if c.Name == "" {
		return nil, fmt.Errorf("%w: an organisation has no name", ErrConfig)
	}
	if c.AccountID != "" && c.Admin != nil {
		return nil, fmt.Errorf("%w: %s has both an account ID and an Admin API application", ErrConfig, c.Name)
	}
	if _, err := NewLife(c.BypassLife); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrConfig, c.Name, err)
	}
	o := &Org{desk: d, config: c, options: options}
	var err error
	if c.Auth != nil {
		if o.auth, err = duoclient.NewAuth(*c.Auth, options...); err != nil {
			return nil, fmt.Errorf("helpdesk: Auth API of %s: %w", c.Name, err)
		}
	}
	if c.Admin != nil {
		if o.admin, err = duoclient.NewAdmin(*c.Admin, options...); err != nil {
			return nil, fmt.Errorf("helpdesk: Admin API of %s: %w", c.Name, err)
		}
	}
	return o, nil
}

// Name is the organisation's name.
func (o *Org) Name() string { return o.config.Name }

// AccountID is the child account, empty for an account with keys of its own.
func (o *Org) AccountID() string { return o.config.AccountID }

// DirectoryKey is the configured directory, or empty.
func (o *Org) DirectoryKey() string { return o.config.DirectoryKey }

// Administered reports whether there are credentials for the Admin API.
func (o *Org) Administered() bool { return o.config.Admin != nil || o.config.AccountID != "" }

// Authenticates reports whether there are credentials for the Auth API.
func (o *Org) Authenticates() bool { return o.auth != nil }

// Auth is the client of the Auth API, or [ErrNoCredentials].
func (o *Org) Auth() (*duoclient.Auth, error) {
	if o.auth == nil {
		return nil, fmt.Errorf("%w: %s has no Auth API application (auth)", ErrNoCredentials, o.config.Name)
	}
	return o.auth, nil
}

// Admin is the client of the Admin API. That of a child account speaks with
// the keys of the Accounts API, which is asked for the child's host when the
// configuration does not name it. Errors match [ErrNoCredentials],
// [ErrNoChild], or are those of the Accounts API; they are not remembered.
func (o *Org) Admin(ctx context.Context) (*duoclient.Admin, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.admin != nil:
		return o.admin, nil
	case o.config.AccountID == "":
		return nil, fmt.Errorf("%w: %s has no Admin API application (admin) and no account ID", ErrNoCredentials, o.config.Name)
	}
	accounts, err := o.desk.accounts.client()
	if err != nil {
		return nil, err
	}
	child := duoclient.Account{AccountID: o.config.AccountID, APIHost: o.config.APIHost}
	if child.APIHost == "" {
		if child, err = o.desk.accounts.find(ctx, o.config.AccountID); err != nil {
			return nil, fmt.Errorf("helpdesk: API host of %s: %w", o.config.Name, err)
		}
	}
	admin, err := accounts.Admin(child)
	if err != nil {
		return nil, fmt.Errorf("helpdesk: Admin API of %s: %w", o.config.Name, err)
	}
	o.admin = admin
	return admin, nil
}

func (o *Org) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.admin != nil {
		o.admin.Close()
	}
	if o.auth != nil {
		o.auth.Close()
	}
}
