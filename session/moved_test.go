package session_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

// from is a request of a client at an address.
type from struct{ addr, agent string }

func (f *fixture) loadFrom(cookie string, at from) error {
	r := request(cookie)
	r.RemoteAddr = at.addr
	r.Header.Set("User-Agent", at.agent)
	_, err := f.Load(r)
	return err
}

func onMove(o session.OnMove) func(*session.Config) {
	return func(c *session.Config) { c.OnMove = o }
}

// Threat T127: a session that is used from elsewhere is recorded, opens nothing
// there, or ends, as configured; where it began it goes on unless it ended.
func TestSessionMoves(t *testing.T) {
	t.Parallel()
	home := from{"192.0.2.7:4711", "curl/8"}
	for _, tt := range []struct {
		policy      session.OnMove
		there, home error
		want        []audit.Name
	}{
		{session.MoveIgnored, nil, nil, nil},
		{session.MoveRecorded, nil, nil, []audit.Name{audit.SessionMoved}},
		{session.MoveConfirmed, session.ErrMoved, nil, []audit.Name{audit.SessionMoved}},
		{session.MoveEnded, session.ErrMoved, session.ErrNotFound, []audit.Name{audit.SessionRevoked}},
	} {
		for name, there := range map[string]from{"address": {"198.51.100.1:4711", "curl/8"}, "client": {"192.0.2.7:4711", "python/3"}} {
			t.Run(fmt.Sprint(tt.policy, " ", name), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, onMove(tt.policy))
				_, cookie := f.start(t, alice())
				f.wantTrail(t, audit.SessionStarted)
				if err := f.loadFrom(cookie, home); err != nil {
					t.Errorf("at home: %v", err)
				}
				err := f.loadFrom(cookie, there)
				if !errors.Is(err, tt.there) || err != nil && !session.Absent(err) {
					t.Errorf("elsewhere: %v, want %v", err, tt.there)
				}
				if err := f.loadFrom(cookie, home); !errors.Is(err, tt.home) {
					t.Errorf("back home: %v, want %v", err, tt.home)
				}
				_ = f.loadFrom(cookie, there) // once more is no news
				f.wantTrail(t, tt.want...)
			})
		}
	}
}

// What devices do by themselves, and what was cut when it was kept, is no move;
// a service token's sessions are judged by the token.
func TestSessionStays(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Mozilla ", 100)
	for _, tt := range []struct {
		name        string
		source, was string
		now         from
		token       string
	}{
		{"another port", "192.0.2.7", "curl/8", from{"192.0.2.7:9", "curl/8"}, ""},
		{"another address of the same /64", "2001:db8:1:2::7", "curl/8", from{"[2001:db8:1:2:aaaa::1]:9", "curl/8"}, ""},
		{"an IPv4 address in the form of IPv6", "192.0.2.7", "curl/8", from{"[::ffff:192.0.2.7]:9", "curl/8"}, ""},
		{"a long name that was cut", "192.0.2.7", long[:256], from{"192.0.2.7:9", long}, ""},
		{"a peer without an address", "192.0.2.7", "curl/8", from{"@", "curl/8"}, ""},
		{"a service token", "192.0.2.7", "curl/8", from{"198.51.100.1:9", "other"}, "tok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, onMove(session.MoveEnded))
			s := alice()
			s.Source, s.UserAgent, s.Token = tt.source, tt.was, tt.token
			_, cookie := f.start(t, s)
			if err := f.loadFrom(cookie, tt.now); err != nil {
				t.Errorf("Load = %v, want the session", err)
			}
		})
	}
}

// Who signs in anew where his session opens nothing takes it along.
func TestMovedSessionIsReplaced(t *testing.T) {
	t.Parallel()
	f := newFixture(t, onMove(session.MoveConfirmed))
	_, old := f.start(t, alice())
	s := alice()
	s.Source = "198.51.100.1"
	_, cookie := f.start(t, s, old)
	if err := f.loadFrom(cookie, from{"198.51.100.1:9", "curl/8"}); err != nil {
		t.Errorf("the new one there: %v", err)
	}
	if err := f.loadFrom(old, from{"192.0.2.7:9", "curl/8"}); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("the old one at home: %v, want %v", err, session.ErrNotFound)
	}
}

// A trail that fails takes no session away, and is told again; an end that
// cannot be recorded is none, and opens nothing.
func TestMoveWithoutTrail(t *testing.T) {
	t.Parallel()
	there := from{"198.51.100.1:9", "curl/8"}
	f := newFixture(t, onMove(session.MoveRecorded))
	_, cookie := f.start(t, alice())
	f.trail.fails[audit.SessionMoved] = true
	if err := f.loadFrom(cookie, there); err != nil {
		t.Errorf("recorded: %v", err)
	}
	f.trail.fails[audit.SessionMoved] = false
	_ = f.loadFrom(cookie, there)
	if !slices.Contains(f.trail.names(), audit.SessionMoved) {
		t.Error("the move is not told when the trail is back")
	}
	g := newFixture(t, onMove(session.MoveEnded))
	_, cookie = g.start(t, alice())
	g.trail.fails[audit.SessionRevoked] = true
	if err := g.loadFrom(cookie, there); !errors.Is(err, session.ErrNotRecorded) {
		t.Errorf("ended: %v, want %v", err, session.ErrNotRecorded)
	}
}

// Fault R12: the places that are remembered are bounded.
func TestMovesBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, onMove(session.MoveRecorded))
	_, cookie := f.start(t, alice())
	for i := range 10_500 {
		if err := f.loadFrom(cookie, from{fmt.Sprintf("10.0.%d.%d:9", i/250, i%250), "curl/8"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := session.Places(f.Manager); n > 10_000 {
		t.Errorf("%d places are remembered, want at most 10000", n)
	}
}

// A consequence that there is not is refused.
func TestMoveUnknown(t *testing.T) {
	t.Parallel()
	_, err := session.New(session.Config{Store: session.NewMemoryStore(), Recorder: &trail{}, OnMove: "forgive"})
	if !errors.Is(err, session.ErrConfig) {
		t.Errorf("New = %v, want %v", err, session.ErrConfig)
	}
}
