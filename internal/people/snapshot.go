package people

import (
	"context"
	"strings"
	"time"

	"mfaserver/duoclient"
)

// snapshotLife is how old a snapshot is before a look at it has another one
// taken, snapshotTime how long that may take.
const (
	snapshotLife = 10 * time.Minute
	snapshotTime = 5 * time.Minute
)

// mostKnown is of how many users the facts are kept. Those beyond are counted,
// and their pages ask Duo.
const mostKnown = 50_000

// Facts are what Duo says of a user.
type Facts struct {
	// Username is Duo's name.
	Username string
	// Status is Duo's word: active, bypass, disabled, locked out, or another.
	Status   string
	Enrolled bool
	// Devices counts phones, tablets, tokens and security keys.
	Devices   int
	LastLogin time.Time
}

// snapshot is what Duo said of everybody at a time.
type snapshot struct {
	at      time.Time
	tried   time.Time
	running bool
	failed  bool
	users   map[string]Facts // by Duo's name in small letters, at most mostKnown; never changed
	// known counts all users.
	known int
	// unenrolled counts those of users without a device.
	unenrolled int
}

// State says how old the snapshot is.
type State struct {
	// Offered: there is an application of the Admin API that can tell.
	Offered bool
	// At is when the snapshot was taken; zero: not yet. Running: another one
	// is being taken. Failed: the last attempt came to nothing.
	At      time.Time
	Running bool
	Failed  bool
	// Users is whom Duo knows, Unenrolled those of them without a device.
	Users, Unenrolled int
}

// Snapshot says what there is, and has another one taken in the background
// when it is old.
func (p *People) Snapshot() State {
	p.refresh(snapshotLife)
	p.mu.Lock()
	defer p.mu.Unlock()
	s := State{
		Offered: p.cfg.Org.Administered(), At: p.snapshot.at, Running: p.snapshot.running, Failed: p.snapshot.failed,
		Users: p.snapshot.known, Unenrolled: p.snapshot.unenrolled,
	}
	return s
}

// Refresh has a snapshot taken in the background, unless one is on its way or
// was tried within the last seconds.
func (p *People) Refresh() { p.refresh(5 * time.Second) }

func (p *People) refresh(age time.Duration) {
	if !p.cfg.Org.Administered() || p.ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.cfg.Now()
	if p.snapshot.running || now.Sub(p.snapshot.tried) < age {
		return
	}
	p.snapshot.running, p.snapshot.tried = true, now
	p.under.Go(func() { p.take(now) })
}

// take asks Duo for everybody.
func (p *People) take(now time.Time) {
	ctx, cancel := context.WithTimeout(p.ctx, snapshotTime)
	defer cancel()
	taken, err := p.ask(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.snapshot.running, p.snapshot.failed = false, err != nil
	if err != nil {
		p.cfg.Logger.WarnContext(ctx, "duo's users cannot be listed", "err", err)
		return
	}
	p.snapshot.at, p.snapshot.users, p.snapshot.known, p.snapshot.unenrolled = now, taken.users, taken.known, taken.unenrolled
}

func (p *People) ask(ctx context.Context) (snapshot, error) {
	admin, err := p.cfg.Org.Admin(ctx)
	if err != nil {
		return snapshot{}, err
	}
	taken := snapshot{users: map[string]Facts{}}
	for u, err := range admin.Users.List(ctx, duoclient.UserFilter{}) {
		if err != nil {
			return snapshot{}, err
		}
		taken.known++
		if !u.IsEnrolled {
			taken.unenrolled++
		}
		if len(taken.users) >= mostKnown {
			continue
		}
		taken.users[strings.ToLower(u.Username)] = Facts{
			Username: u.Username, Status: string(u.Status), Enrolled: u.IsEnrolled, LastLogin: u.LastLogin,
			Devices: len(u.Phones) + len(u.Tokens) + len(u.WebAuthn),
		}
	}
	return taken, nil
}

// facts is the present snapshot.
func (p *People) facts() map[string]Facts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.snapshot.users
}
