package people_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/people"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
	"mfaserver/session"
)

// register is a directory of this server, with sessions and tokens of its
// users.
type register struct {
	*people.People
	accounts *primary.Local
	sessions *session.Manager
	trail    *audittest.Memory
	// revoked are those whose tokens ended; noTokens has that fail.
	revoked  []string
	noTokens error
}

func open(t *testing.T) *register {
	t.Helper()
	r := &register{trail: &audittest.Memory{}}
	hasher, err := primary.NewArgon2id(primary.Params{Memory: 8, Iterations: 1, Parallelism: 1})
	must(t, err)
	limiter, err := throttle.New(primary.LoginLimits(1))
	must(t, err)
	r.accounts, err = primary.NewLocal(primary.LocalConfig{
		Users: primary.NewMemoryUsers(), Limiter: limiter, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Hasher: hasher,
	})
	must(t, err)
	for name, role := range map[string]primary.Role{"admin": primary.RoleAdmin, "alice": primary.RoleUser, "bob": primary.RoleUser} {
		_, err := r.accounts.Add(t.Context(), primary.NewUser{Username: name, Role: role, Password: secret.New("correct horse battery " + name)})
		must(t, err)
	}
	r.sessions, err = session.New(session.Config{Store: session.NewMemoryStore(), Recorder: r.trail})
	must(t, err)
	desk, err := helpdesk.New(helpdesk.Config{Recorder: r.trail, Organizations: []helpdesk.OrgConfig{{Name: "default"}}})
	must(t, err)
	t.Cleanup(desk.Close)
	org, err := desk.Org("")
	must(t, err)
	r.People, err = people.New(people.Config{
		Accounts: r.accounts, Sessions: r.sessions, Org: org, Recorder: r.trail, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		DuoUsername: func(name string) (string, error) { return name, nil },
		RevokeTokens: func(_ context.Context, username, _, _ string) error {
			r.revoked = append(r.revoked, username)
			return r.noTokens
		},
	})
	must(t, err)
	t.Cleanup(r.Close)
	return r
}

func (r *register) signIn(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := r.sessions.Start(t.Context(), httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), session.Session{Username: name, UserID: 1})
		must(t, err)
	}
}

func (r *register) live(t *testing.T, name string) int {
	t.Helper()
	all, err := r.sessions.List(t.Context(), name)
	must(t, err)
	return len(all)
}

func (r *register) records(name audit.Name) (outcomes []audit.Outcome) {
	for _, e := range r.trail.Find(name) {
		outcomes = append(outcomes, e.Outcome)
	}
	return outcomes
}

func byHelen() helpdesk.Order {
	return helpdesk.Order{Actor: helpdesk.Actor{Name: "helen"}, Reason: "left on Friday"}
}

// Threat T115: what closes or changes an account ends its sessions, and what
// closes it its tokens; that is on record with who did it.
func TestChangesEndSessions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(r *register, ctx context.Context) (people.Changed, error)
		record audit.Name
		tokens []string
	}{
		{"disable", func(r *register, ctx context.Context) (people.Changed, error) {
			return r.Disable(ctx, byHelen(), "alice")
		}, audit.UserDisabled, []string{"alice"}},
		{"remove", func(r *register, ctx context.Context) (people.Changed, error) {
			return r.Remove(ctx, byHelen(), "alice")
		}, audit.UserRemoved, []string{"alice"}},
		{"password", func(r *register, ctx context.Context) (people.Changed, error) {
			return r.SetPassword(ctx, byHelen(), "alice", secret.New("another good passphrase"))
		}, audit.UserPassword, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := open(t)
			r.signIn(t, "alice", "alice", "bob")
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // whoever asked has gone
			if _, err := r.accounts.Get(ctx, "alice"); err != nil {
				t.Fatal(err)
			}
			done, err := tt.change(r, ctx)
			if err != nil || done.Sessions != 2 || done.User.Username != "alice" {
				t.Errorf("= %+v, %v, want two sessions of alice", done, err)
			}
			if r.live(t, "alice") != 0 || r.live(t, "bob") != 1 || !slices.Equal(r.revoked, tt.tokens) {
				t.Errorf("%d sessions of alice, %d of bob, tokens of %v revoked", r.live(t, "alice"), r.live(t, "bob"), r.revoked)
			}
			if e := r.trail.Find(tt.record); len(e) != 1 || e[0].Actor != "helen" || e[0].Detail["reason"] != "left on Friday" {
				t.Errorf("trail %+v, want helen and why", e)
			}
		})
	}
}

// Threat T195: a change that cannot be recorded does not happen.
func TestChangeIsRecordedFirst(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.signIn(t, "alice")
	r.trail.Fail(1)
	if _, err := r.Disable(t.Context(), byHelen(), "alice"); err == nil {
		t.Error("Disable without a record succeeds")
	}
	if u, err := r.accounts.Get(t.Context(), "alice"); err != nil || u.Disabled || r.live(t, "alice") != 1 {
		t.Errorf("account %+v, %d sessions, %v, want both as they were", u, r.live(t, "alice"), err)
	}
}

// A change that stops halfway leaves the account closed, says so on record,
// and goes on when asked again.
func TestChangeResumes(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.signIn(t, "alice")
	r.noTokens = errors.New("store is down")
	if _, err := r.Remove(t.Context(), byHelen(), "alice"); !errors.Is(err, r.noTokens) {
		t.Errorf("Remove = %v, want %v", err, r.noTokens)
	}
	if u, err := r.accounts.Get(t.Context(), "alice"); err != nil || !u.Disabled {
		t.Errorf("account %+v, %v, want it closed", u, err)
	}
	if got := r.records(audit.UserRemoved); !slices.Equal(got, []audit.Outcome{audit.OK, audit.Failed}) {
		t.Errorf("trail %v, want what was wanted and that it failed", got)
	}
	r.noTokens = nil
	if done, err := r.Remove(t.Context(), byHelen(), "alice"); err != nil || done.Sessions != 1 {
		t.Errorf("Remove again = %+v, %v, want the session that was left", done, err)
	}
	if _, err := r.accounts.Get(t.Context(), "alice"); !errors.Is(err, primary.ErrUserUnknown) {
		t.Errorf("Get = %v, want %v", err, primary.ErrUserUnknown)
	}
}

// Fault R02: a server killed between the closing of an account and the end of
// its sessions ends them at the next start, and nobody else's.
func TestSettle(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.signIn(t, "alice", "alice", "bob")
	if n, err := r.Settle(t.Context()); n != 0 || err != nil {
		t.Errorf("Settle with nothing to do = %d, %v", n, err)
	}
	_, err := r.accounts.Disable(t.Context(), "alice")
	must(t, err)
	for _, want := range []int{2, 0} {
		if n, err := r.Settle(t.Context()); n != want || err != nil {
			t.Errorf("Settle = %d, %v, want %d", n, err, want)
		}
	}
	if r.live(t, "alice") != 0 || r.live(t, "bob") != 1 || len(r.trail.Find(audit.SessionRevoked)) != 2 {
		t.Errorf("%d sessions of alice, %d of bob, records %v", r.live(t, "alice"), r.live(t, "bob"), r.records(audit.SessionRevoked))
	}
	if len(r.revoked) == 0 || slices.ContainsFunc(r.revoked, func(name string) bool { return name != "alice" }) {
		t.Errorf("tokens of %v revoked, want alice's", r.revoked)
	}
}

// What cannot be done changes nothing and is not recorded as done.
func TestChangeRefuses(t *testing.T) {
	t.Parallel()
	r := open(t)
	own := byHelen()
	own.Actor.Name = "alice"
	for _, tt := range []struct {
		name  string
		order helpdesk.Order
		user  string
		want  error
	}{
		{"oneself", own, "alice", people.ErrSelf},
		{"nobody", byHelen(), "nobody", primary.ErrUserUnknown},
		{"the last administrator", byHelen(), "admin", primary.ErrLastAdmin},
	} {
		if _, err := r.Disable(t.Context(), tt.order, tt.user); !errors.Is(err, tt.want) {
			t.Errorf("Disable of %s = %v, want %v", tt.name, err, tt.want)
		}
		if _, err := r.Remove(t.Context(), tt.order, tt.user); !errors.Is(err, tt.want) {
			t.Errorf("Remove of %s = %v, want %v", tt.name, err, tt.want)
		}
	}
	if got := r.records(audit.UserDisabled); !slices.Equal(got, []audit.Outcome{audit.OK, audit.Failed}) {
		t.Errorf("trail %v, want the attempt on the last administrator alone, and that it failed", got)
	}
}

// Sessions end by Duo's name, whatever name their user came in by.
func TestSignOut(t *testing.T) {
	t.Parallel()
	sessions := live{"alice": 1, "Alice@example.org": 2, "alicia": 1}
	p, _, _ := start(t, sessions)
	if n, err := p.SignOut(t.Context(), "ALICE", "by helen"); n != 3 || err != nil || len(sessions) != 1 {
		t.Errorf("SignOut = %d, %v, left %v, want alicia alone", n, err, sessions)
	}
}
