package bench_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/seal"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web"
)

// stores are all that a site keeps.
type stores struct {
	sessions     session.Store
	transactions mfa.Transactions
	sources      mfa.Sources
	codes        mfa.Codes
	users        primary.Users
	index        audit.Index
}

func inMemory() stores {
	m := mfa.NewMemory()
	return stores{sessions: session.NewMemoryStore(), transactions: m, sources: m, codes: m, users: primary.NewMemoryUsers()}
}

// onDisk is the embedded store, as durable as ever.
func onDisk(tb testing.TB) stores {
	tb.Helper()
	db, err := sqlite.Open(tb.Context(), sqlite.Config{Path: filepath.Join(tb.TempDir(), "data.db"), Sealer: newSealer(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return stores{db.Sessions(), db.Transactions(), db.Sources(), db.Codes(), db.Users(), db.AuditIndex()}
}

func newSealer(tb testing.TB) *seal.Sealer {
	tb.Helper()
	key, err := seal.NewKey()
	if err != nil {
		tb.Fatal(err)
	}
	s, err := seal.New(key)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// believer is a first factor that believes every password of a user there is.
type believer struct{ *primary.Local }

// Authenticate implements [primary.Authenticator].
func (b believer) Authenticate(ctx context.Context, a primary.Attempt) (primary.Result, error) {
	u, err := b.Get(ctx, a.Username)
	return primary.Result{User: u, Status: primary.StatusSuccess}, err
}

// site is the server's own rooms, put together as the program does it, but for
// the password check.
type site struct {
	*web.Server
	deps     web.Deps
	sessions *session.Manager
	users    []string
}

// newSite makes a site with an audit trail on disk. gateway, when not nil, may
// make more of the rooms.
func newSite(tb testing.TB, s stores, duo mfa.SecondFactor, publicURL string, more ...func(*site)) *site {
	tb.Helper()
	fail := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	out := &site{}
	trail, err := audit.New(audit.Config{Path: filepath.Join(tb.TempDir(), "audit.jsonl"), MAC: newSealer(tb).MAC, Index: s.index})
	fail(err)
	tb.Cleanup(func() { fail(trail.Close()) })
	limiter, err := throttle.New(primary.LoginLimits(1000))
	fail(err)
	local, err := primary.NewLocal(primary.LocalConfig{Users: s.users, Limiter: limiter})
	fail(err)
	for i := range 256 {
		u := primary.User{Username: fmt.Sprintf("user%d", i), Role: primary.RoleUser, Email: "user@example.org", FirstName: "First", LastName: "Last", CreatedAt: time.Now(), PasswordChangedAt: time.Now().Add(-time.Hour)}
		_, err := s.users.Insert(tb.Context(), u, "")
		fail(err)
		out.users = append(out.users, u.Username)
	}
	out.sessions, err = session.New(session.Config{Store: s.sessions, Recorder: trail, PerUser: 2000, Source: web.ClientAddr(nil)})
	fail(err)
	flow, err := mfa.New(mfa.Config{
		SecondFactor: duo, Transactions: s.transactions, Sources: s.sources, Codes: s.codes, Accounts: local, Recorder: trail,
		Limits: mfa.Limits{PerClient: 500, PerUser: 2000, Reserved: 500, Total: 5_000_000},
	})
	fail(err)
	secondCalls, err := throttle.New(throttle.Config{Source: throttle.Rule{Limit: 20, Window: time.Minute}})
	fail(err)
	out.deps = web.Deps{
		Authenticator: believer{local}, Directory: local, Login: flow, Prompts: flow, Sessions: out.sessions, SessionKeeper: out.sessions,
		Notes: local, SecondCalls: secondCalls, Recorder: trail, Rules: &rules.Set{}, Proofs: flow,
	}
	for _, m := range more {
		m(out)
	}
	out.Server, err = web.New(web.Config{PublicURLs: []string{publicURL}, ServerVersion: "4.5.2", Logger: slog.New(slog.DiscardHandler)}, out.deps)
	fail(err)
	return out
}

// signedIn starts a session and returns its cookie.
func (s *site) signedIn(tb testing.TB, carry []byte) string {
	tb.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/api/users/_login", http.NoBody)
	_, err := s.sessions.Start(tb.Context(), w, r, session.Session{
		Username: s.users[0], Source: "127.0.0.1", UserAgent: "bench", Factor: "duo_push", Carry: carry,
	})
	if err != nil {
		tb.Fatal(err)
	}
	c := w.Result().Cookies()[0]
	return c.Name + "=" + c.Value
}

// plain serves a handler as the program does, but without TLS.
func plain(tb testing.TB, h http.Handler) (url string) {
	tb.Helper()
	front := httptest.NewUnstartedServer(nil)
	front.Config = web.HTTPServer(h, slog.New(slog.DiscardHandler))
	front.Start()
	tb.Cleanup(front.Close)
	return front.URL
}

// newDuo starts a simulator that approves by itself, and a client for it.
func newDuo(tb testing.TB, users []string) (*duotest.Server, *duoclient.Universal) {
	tb.Helper()
	c := duotest.Config{Auto: duotest.Approve, Users: []duotest.User{}}
	for i, name := range users {
		c.Users = append(c.Users, duotest.User{Name: name, Phones: []duotest.Phone{duotest.Smartphone(fmt.Sprintf("+1734555%04d", i))}})
	}
	sim, err := duotest.NewServer(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(sim.Close)
	path := filepath.Join(tb.TempDir(), "duo.pem")
	writeFile(tb, path, string(sim.CA().CertPEM()))
	ca, err := duoclient.CAFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	keys := sim.Credentials()
	duo, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: keys.ClientID, ClientSecret: secretOf(keys.ClientSecret), APIHost: sim.APIHost, CA: ca, Simulator: true,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return sim, duo
}

// trusted is the simulator's authority and the certificates of servers.
func trusted(sim *duotest.Server, fronts ...*httptest.Server) *x509.CertPool {
	pool := sim.CA().Pool()
	for _, f := range fronts {
		pool.AddCert(f.Certificate())
	}
	return pool
}
