package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
	"mfaserver/internal/upstream"
)

var (
	_ upstream.Engine = (*engine.Client)(nil)

	errDisk = errors.New("disk on fire")
	home    = netip.MustParseAddr("192.0.2.1")
	away    = netip.MustParseAddr("203.0.113.9")
)

const right = "correct horse"

// account is a user of the fake engine.
type account struct {
	name string
	id   int
}

// fakeEngine opens a session for whoever knows the password. It finds users by
// the names in aliases.
type fakeEngine struct {
	mu       sync.Mutex
	aliases  map[string]account
	status   mirth.Status
	message  string
	login    error
	whois    error
	logout   error
	sessions map[string]account
	// stuck is a cookie that cannot be logged out.
	stuck string
	// asked are the names that came with a login, ended the cookies that came
	// with a logout.
	asked, ended []string
	opened       int
	atOnce, most int
	// The hooks run before the answer, without the lock.
	onLogin, onWhois, onLogout func(ctx context.Context) error
}

func newEngine() *fakeEngine {
	return &fakeEngine{
		aliases:  map[string]account{"alice": {"alice", 7}, "ALICE": {"alice", 7}, "bob": {"bob", 8}},
		status:   mirth.StatusSuccess,
		sessions: make(map[string]account),
	}
}

// set changes the engine's ways.
func (e *fakeEngine) set(change func(e *fakeEngine)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

func (e *fakeEngine) hook(ctx context.Context, which func(e *fakeEngine) func(context.Context) error) error {
	e.mu.Lock()
	f := which(e)
	e.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(ctx)
}

func (e *fakeEngine) Login(ctx context.Context, username string, password secret.Secret) (engine.Login, error) {
	e.set(func(e *fakeEngine) { e.asked = append(e.asked, username) })
	if err := e.hook(ctx, func(e *fakeEngine) func(context.Context) error { return e.onLogin }); err != nil {
		return engine.Login{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	who, known := e.aliases[username]
	switch {
	case e.login != nil:
		return engine.Login{}, e.login
	case !known || password.Reveal() != right:
		return engine.Login{}, &engine.RefusedError{Status: mirth.StatusFail, Message: "2 attempts remaining"}
	}
	e.opened++
	cookie := fmt.Sprintf("node0canary%d.node0", e.opened)
	e.sessions[cookie] = who
	return engine.Login{Cookie: secret.New(cookie), Status: e.status, Message: e.message}, nil
}

func (e *fakeEngine) CurrentUser(ctx context.Context, cookie secret.Secret) (mirth.User, error) {
	if err := e.hook(ctx, func(e *fakeEngine) func(context.Context) error { return e.onWhois }); err != nil {
		return mirth.User{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.whois != nil {
		return mirth.User{}, e.whois
	}
	who, live := e.sessions[cookie.Reveal()]
	if !live {
		return mirth.User{}, engine.ErrNoSession
	}
	return mirth.User{ID: who.id, Username: who.name, Email: who.name + "@example.org", FirstName: "A", LastName: "L"}, nil
}

func (e *fakeEngine) Logout(ctx context.Context, cookie secret.Secret) error {
	e.set(func(e *fakeEngine) {
		e.ended = append(e.ended, cookie.Reveal())
		e.atOnce++
		e.most = max(e.most, e.atOnce)
	})
	defer e.set(func(e *fakeEngine) { e.atOnce-- })
	if err := e.hook(ctx, func(e *fakeEngine) func(context.Context) error { return e.onLogout }); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.logout != nil {
		return e.logout
	}
	if cookie.Reveal() == e.stuck {
		return errDisk
	}
	delete(e.sessions, cookie.Reveal())
	return nil
}

func (e *fakeEngine) live() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.sessions)
}

func (e *fakeEngine) names() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}

func (e *fakeEngine) logouts() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.ended)
}

// shakyLedger fails or waits when told to.
type shakyLedger struct {
	upstream.Ledger

	mu                      sync.Mutex
	onAdd, onRemove, onList func(ctx context.Context) error
}

func (l *shakyLedger) set(change func(l *shakyLedger)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func (l *shakyLedger) hook(ctx context.Context, which func(l *shakyLedger) func(context.Context) error) error {
	l.mu.Lock()
	f := which(l)
	l.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(ctx)
}

func (l *shakyLedger) Add(ctx context.Context, e upstream.Entry) error {
	if err := l.hook(ctx, func(l *shakyLedger) func(context.Context) error { return l.onAdd }); err != nil {
		return err
	}
	return l.Ledger.Add(ctx, e)
}

func (l *shakyLedger) Remove(ctx context.Context, id upstream.ID) (bool, error) {
	if err := l.hook(ctx, func(l *shakyLedger) func(context.Context) error { return l.onRemove }); err != nil {
		return false, err
	}
	return l.Ledger.Remove(ctx, id)
}

func (l *shakyLedger) List(ctx context.Context) ([]upstream.Entry, error) {
	if err := l.hook(ctx, func(l *shakyLedger) func(context.Context) error { return l.onList }); err != nil {
		return nil, err
	}
	return l.Ledger.List(ctx)
}

func broken(context.Context) error { return errDisk }

// hang waits until its context ends.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// world is an engine, a ledger, and what this server keeps across a restart.
type world struct {
	engine *fakeEngine
	ledger *shakyLedger
	sealer *seal.Sealer
	trail  *audittest.Memory
}

func newWorld(t *testing.T) *world {
	t.Helper()
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		engine: newEngine(), ledger: &shakyLedger{Ledger: upstream.NewMemoryLedger()}, sealer: sealer, trail: &audittest.Memory{},
	}
}

func limiter(t *testing.T) *throttle.Limiter {
	t.Helper()
	l, err := throttle.New(upstream.LoginLimits(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// start starts a server, as often as one likes.
func (w *world) start(t *testing.T, bend ...func(*upstream.Config)) *upstream.Upstream {
	t.Helper()
	c := upstream.Config{
		Engine: w.engine, Ledger: w.ledger, Sealer: w.sealer, Limiter: limiter(t), Recorder: w.trail,
		Node: "here", RefusalTime: -1,
	}
	for _, b := range bend {
		b(&c)
	}
	u, err := upstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = u.Close(t.Context()) // which is over by now
	})
	return u
}

// entries is how many sessions the ledger holds.
func (w *world) entries(t *testing.T) int {
	t.Helper()
	list, err := w.ledger.Ledger.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// wantState compares what is left at the engine and in the ledger.
func (w *world) wantState(t *testing.T, live, entries int) {
	t.Helper()
	if n := w.engine.live(); n != live {
		t.Errorf("%d sessions live at the engine, want %d", n, live)
	}
	if n := w.entries(t); n != entries {
		t.Errorf("the ledger holds %d sessions, want %d", n, entries)
	}
}

func (w *world) wantEvents(t *testing.T, name audit.Name, n int) []audit.Event {
	t.Helper()
	events := w.trail.Find(name)
	if len(events) != n {
		t.Errorf("%d records of %s, want %d: %+v", len(events), name, n, events)
	}
	return events
}

func attempt(name, password string) primary.Attempt {
	return primary.Attempt{Username: name, Password: secret.New(password), Source: home}
}

// signIn is an accepted password of alice.
func signIn(t *testing.T, u *upstream.Upstream) []byte {
	t.Helper()
	result, err := u.Authenticate(t.Context(), attempt("alice", right))
	if err != nil {
		t.Fatalf("Authenticate = %v", err)
	}
	return result.Carry
}

func adopted(t *testing.T, u *upstream.Upstream) []byte {
	t.Helper()
	carry := signIn(t, u)
	if err := u.Adopt(t.Context(), "alice", carry); err != nil {
		t.Fatalf("Adopt = %v", err)
	}
	return carry
}

// finish waits for the logouts that are under way.
func finish(t *testing.T, u *upstream.Upstream) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := u.Close(ctx); err != nil {
		t.Fatalf("Close = %v", err)
	}
}
