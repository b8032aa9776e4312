// Package people is the users of this server as those who look after them see
// them: the accounts of the local directory, or behind an engine those whom Duo
// knows and those who are signed in, together with what Duo says of them and
// what may be done. What is done to a second factor goes through the help desk
// and its policy.
package people

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/session"
)

// Errors of [People].
var (
	// ErrConfig: the configuration makes no sense.
	ErrConfig = errors.New("people: configuration refused")
	// ErrUnknown: nobody of that name.
	ErrUnknown = errors.New("people: no such user")
	// ErrSilent: only Duo can tell whether there is such a user, and does not.
	ErrSilent = errors.New("people: duo does not say whether there is such a user")
	// ErrNoAccounts: the accounts are the engine's.
	ErrNoAccounts = errors.New("people: the accounts are not kept here")
	// ErrSelf: nobody does this to himself.
	ErrSelf = errors.New("people: not for oneself")
)

// Accounts is the local directory; [primary.Local] is one.
type Accounts interface {
	Page(ctx context.Context, q primary.PageQuery) ([]primary.User, error)
	Get(ctx context.Context, username string) (primary.User, error)
	Disable(ctx context.Context, username string) (primary.User, error)
	Enable(ctx context.Context, username string) (primary.User, error)
	SetPassword(ctx context.Context, username string, password secret.Secret) (primary.User, error)
	Remove(ctx context.Context, username string) error
}

// Sessions are those of everybody; [session.Manager] is one.
type Sessions interface {
	List(ctx context.Context, username string) ([]session.Session, error)
	// Page gives those of everybody after a key, in the order of the keys.
	Page(ctx context.Context, after session.Key, max int) ([]session.Session, error)
	EndUser(ctx context.Context, username, reason string) ([]session.Session, error)
}

// Org is where people's second factors are; [helpdesk.Org] is one.
type Org interface {
	Administered() bool
	Admin(ctx context.Context) (*duoclient.Admin, error)
	Find(ctx context.Context, s helpdesk.Subject) (*duoclient.User, error)
	Enrol(ctx context.Context, r helpdesk.EnrolRequest) (*helpdesk.Enrolment, error)
	CreateBypass(ctx context.Context, r helpdesk.BypassRequest) (*helpdesk.BypassCodes, error)
	SetStatus(ctx context.Context, order helpdesk.Order, s helpdesk.Subject, status duoclient.UserStatus) (*duoclient.User, error)
	BypassEnds(ctx context.Context, duoUsername string) (time.Time, error)
	Reset(ctx context.Context, order helpdesk.Order, s helpdesk.Subject) (helpdesk.ResetDone, error)
}

// Config is what [People] needs. Accounts is nil where the accounts are an
// engine's; all else is required.
type Config struct {
	Accounts Accounts
	Sessions Sessions
	Org      Org
	// RevokeTokens ends the service tokens that act for a user.
	RevokeTokens func(ctx context.Context, username, by, reason string) error
	// DuoUsername is Duo's name for a canonical username.
	DuoUsername func(canonical string) (string, error)
	Recorder    audit.Recorder
	Logger      *slog.Logger
	Now         func() time.Time
}

// People answers about users. It is safe for concurrent use.
type People struct {
	cfg Config

	mu       sync.Mutex
	snapshot snapshot // guarded by mu
	under    sync.WaitGroup
	stop     context.CancelFunc
	ctx      context.Context //nolint:containedctx // ends what was begun in the background
}

// New checks that everything is there; [ErrConfig]. Close ends what goes on in
// the background.
func New(c Config) (*People, error) {
	if c.Sessions == nil || c.Org == nil || c.RevokeTokens == nil || c.DuoUsername == nil || c.Recorder == nil || c.Logger == nil || c.Now == nil {
		return nil, fmt.Errorf("%w: a field is missing", ErrConfig)
	}
	p := &People{cfg: c}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p, nil
}

// Close ends what goes on in the background, and waits for it.
func (p *People) Close() {
	p.stop()
	p.under.Wait()
}

// Local reports whether the accounts are kept here.
func (p *People) Local() bool { return p.cfg.Accounts != nil }

// Person is a user.
type Person struct {
	Username string
	// Account is his of the local directory; nil where the accounts are the
	// engine's.
	Account *primary.User
	// Duo is what Duo said of him when the snapshot was taken; nil when it does
	// not know him, or was not asked yet.
	Duo *Facts
}

// List returns part of the users, ordered by name.
func (p *People) List(ctx context.Context, q primary.PageQuery) ([]Person, error) {
	known := p.facts()
	if !p.Local() {
		return p.elsewhere(ctx, q, known)
	}
	users, err := p.cfg.Accounts.Page(ctx, q)
	if err != nil {
		return nil, err
	}
	all := make([]Person, len(users))
	for i := range users {
		all[i] = Person{Username: users[i].Username, Account: &users[i], Duo: p.factsOf(known, users[i].Username)}
	}
	return all, nil
}

// elsewhere lists those whom Duo knows and those who are signed in.
func (p *People) elsewhere(ctx context.Context, q primary.PageQuery, known map[string]Facts) ([]Person, error) {
	names, err := p.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for name := range names {
		if duo, err := p.cfg.DuoUsername(name); err == nil {
			taken[strings.ToLower(duo)] = true
		}
	}
	for key := range known {
		if !taken[key] {
			names[known[key].Username] = true
		}
	}
	var found []primary.User
	for name := range names {
		if q.Wants(name) {
			found = append(found, primary.User{Username: name})
		}
	}
	found = q.Cut(found)
	all := make([]Person, len(found))
	for i := range found {
		all[i] = Person{Username: found[i].Username, Duo: p.factsOf(known, found[i].Username)}
	}
	return all, nil
}

// Get returns one user; [ErrUnknown]. Where the accounts are the engine's,
// whoever Duo knows or is signed in is one, and Duo is asked for those who are
// not in the snapshot; [ErrSilent].
func (p *People) Get(ctx context.Context, username string) (Person, error) {
	known := p.facts()
	one := Person{Username: username, Duo: p.factsOf(known, username)}
	if p.Local() {
		u, err := p.cfg.Accounts.Get(ctx, username)
		if errors.Is(err, primary.ErrUserUnknown) {
			return Person{}, ErrUnknown
		}
		one.Account = &u
		return one, err
	}
	if one.Duo != nil {
		return one, nil
	}
	if live, err := p.cfg.Sessions.List(ctx, username); err != nil || len(live) > 0 {
		return one, err
	}
	return one, p.knownToDuo(ctx, username)
}

// knownToDuo asks Duo whether it knows a user; [ErrUnknown], [ErrSilent].
func (p *People) knownToDuo(ctx context.Context, username string) error {
	if !p.cfg.Org.Administered() {
		return ErrUnknown
	}
	s, err := p.subject(username)
	if err != nil {
		return ErrUnknown
	}
	_, err = p.cfg.Org.Find(ctx, s)
	switch {
	case errors.Is(err, duoclient.ErrNotFound):
		return ErrUnknown
	case err != nil:
		return fmt.Errorf("%w: %w", ErrSilent, err)
	default:
		return nil
	}
}

// factsOf is what the snapshot knows of a user, by Duo's name for him.
func (p *People) factsOf(known map[string]Facts, username string) *Facts {
	name, err := p.cfg.DuoUsername(username)
	if err != nil {
		return nil
	}
	if f, ok := known[strings.ToLower(name)]; ok {
		return &f
	}
	return nil
}

// Live counts the sessions of each of some users.
func (p *People) Live(ctx context.Context, list []Person) (map[string]int, error) {
	count := make(map[string]int, len(list))
	for i := range list {
		live, err := p.cfg.Sessions.List(ctx, list[i].Username)
		if err != nil {
			return nil, err
		}
		count[list[i].Username] = len(live)
	}
	return count, nil
}
