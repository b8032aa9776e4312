package duoclient_test

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/secret"
)

// simulated is a simulator and the clients of its parent account.
type simulated struct {
	apiClients

	sim    *duotest.Server
	config duoclient.APIConfig // without keys
	waits  *naps
}

func simulate(tb testing.TB, version duoclient.SignatureVersion, users ...duotest.User) simulated {
	tb.Helper()
	sim, err := duotest.NewServer(duotest.Config{Users: users})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(sim.Close)
	ca, err := duoclient.CAPEM(sim.CA().CertPEM())
	if err != nil {
		tb.Fatal(err)
	}
	s := simulated{sim: sim, waits: new(naps)}
	s.config = duoclient.APIConfig{APIHost: sim.APIHost, CA: ca, Simulator: true, Signature: version}
	keys := sim.Credentials()
	option := duoclient.WithSleep(s.waits.sleep)
	s.auth = must(tb)(duoclient.NewAuth(s.keys(keys.AuthKey, keys.AuthSecret), option)).(*duoclient.Auth)
	s.admin = must(tb)(duoclient.NewAdmin(s.keys(keys.AdminKey, keys.AdminSecret), option)).(*duoclient.Admin)
	s.accounts = must(tb)(duoclient.NewAccounts(s.keys(keys.AccountsKey, keys.AccountsSecret), option)).(*duoclient.Accounts)
	tb.Cleanup(func() { s.auth.Close(); s.admin.Close(); s.accounts.Close() })
	return s
}

func (s simulated) keys(key, secretKey string) duoclient.APIConfig {
	c := s.config
	c.IntegrationKey, c.SecretKey = key, secret.New(secretKey)
	return c
}

// must ends the test at an error.
func must(tb testing.TB) func(any, error) any {
	tb.Helper()
	return func(v any, err error) any {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func versions(t *testing.T, test func(x *testing.T, version duoclient.SignatureVersion)) {
	t.Helper()
	for _, version := range []duoclient.SignatureVersion{duoclient.SignatureV2, duoclient.SignatureV5} {
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}

// count ranges over a list.
func count[T any](tb testing.TB, list iter.Seq2[*T, error]) int {
	tb.Helper()
	n := 0
	for _, err := range list {
		if err != nil {
			tb.Fatal(err)
		}
		n++
	}
	return n
}

// TestSimulatorSigned: wrong keys, wrong places and wrong clocks.
func TestSimulatorSigned(t *testing.T) {
	t.Parallel()
	versions(t, func(t *testing.T, version duoclient.SignatureVersion) {
		t.Helper()
		s, ctx := simulate(t, version), t.Context()
		keys := s.sim.Credentials()
		for name, row := range map[string]struct {
			key, secretKey string
			code           int
			want           error
		}{
			"good":                   {keys.AdminKey, keys.AdminSecret, 0, nil},
			"unknown key":            {"DIAAAAAAAAAAAAAAAAAA", keys.AdminSecret, 40102, duoclient.ErrMisconfigured},
			"wrong secret":           {keys.AdminKey, keys.AuthSecret, 40103, duoclient.ErrMisconfigured},
			"keys of another API":    {keys.AuthKey, keys.AuthSecret, 40301, duoclient.ErrMisconfigured},
			"keys of another API, 2": {keys.AccountsKey, keys.AccountsSecret, 0, nil}, // the error is any
		} {
			admin := must(t)(duoclient.NewAdmin(s.keys(row.key, row.secretKey))).(*duoclient.Admin)
			_, err := admin.Settings.Get(ctx)
			admin.Close()
			if name == "keys of another API, 2" {
				if err == nil {
					t.Errorf("%s: no error", name)
				}
				continue
			}
			if !errors.Is(err, row.want) {
				t.Errorf("%s: %v, want %v", name, err, row.want)
			}
			if api, ok := errors.AsType[*duoclient.APIError](err); row.code != 0 && (!ok || api.Code != row.code) {
				t.Errorf("%s: %v, want code %d", name, err, row.code)
			}
		}
		for _, off := range []time.Duration{6 * time.Minute, -6 * time.Minute} {
			late := must(t)(duoclient.NewAdmin(s.keys(keys.AdminKey, keys.AdminSecret), duoclient.WithClock(func() time.Time {
				return time.Now().Add(off)
			}))).(*duoclient.Admin)
			if _, err := late.Settings.Get(ctx); !errors.Is(err, duoclient.ErrClockSkew) {
				t.Errorf("clock %v off: %v", off, err)
			}
			late.Close()
		}
		if at, err := s.auth.Ping(ctx); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("Ping = %v, %v", at, err)
		}
		if _, err := s.auth.Check(ctx); err != nil {
			t.Errorf("Check = %v", err)
		}
	})
}

// TestSimulatorPaging: 1,050 users, and 429 in the middle.
func TestSimulatorPaging(t *testing.T) {
	t.Parallel()
	s, ctx := simulate(t, duoclient.SignatureV5), t.Context()
	s.sim.AddUsers(1050, func(i int) duotest.User { return duotest.User{Name: fmt.Sprintf("user%04d", i)} })
	s.sim.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{
		"GET /admin/v1/users": {Skip: 2, First: 2, Instead: true, Status: http.StatusTooManyRequests, Header: map[string]string{"Retry-After": "3"}},
	}})
	if n := count(t, s.admin.Users.List(ctx, duoclient.UserFilter{})); n < 1050 {
		t.Errorf("%d users, want 1050", n)
	}
	waits := s.waits.all()
	if len(waits) != 2 || waits[0] < 3*time.Second || waits[0] >= 4*time.Second {
		t.Errorf("waits %v, want two of 3 s and up to a second", waits)
	}
	some := []string{"user0001", "user1049", "nobody"}
	if n := count(t, s.admin.Users.List(ctx, duoclient.UserFilter{Usernames: some})); n != 2 {
		t.Errorf("%d users by name, want 2", n)
	}
}

// TestSimulatorChildren: accounts of a parent, each with users of its own.
func TestSimulatorChildren(t *testing.T) {
	t.Parallel()
	versions(t, func(t *testing.T, version duoclient.SignatureVersion) {
		t.Helper()
		s, ctx, ok := simulate(t, version), t.Context(), must(t)
		made := ok(s.accounts.Create(ctx, "Clinic A")).(*duoclient.Account)
		accounts := ok(s.accounts.List(ctx)).([]duoclient.Account)
		if len(accounts) != 1 || accounts[0].AccountID != made.AccountID || accounts[0].APIHost != made.APIHost || accounts[0].Name != "Clinic A" {
			t.Fatalf("accounts %+v, made %+v", accounts, made)
		}
		child := ok(s.accounts.Admin(accounts[0])).(*duoclient.Admin)
		defer child.Close()
		ok(child.Users.Create(ctx, duoclient.UserParams{Username: "only-here"}))
		ok(child.Users.ByName(ctx, "only-here"))
		if _, err := s.admin.Users.ByName(ctx, "only-here"); !errors.Is(err, duoclient.ErrNotFound) {
			t.Errorf("a child's user in the parent: %v", err)
		}
		if err := s.accounts.Delete(ctx, made.AccountID); err != nil {
			t.Fatal(err)
		}
		if left := ok(s.accounts.List(ctx)).([]duoclient.Account); len(left) != 0 {
			t.Errorf("accounts left: %+v", left)
		}
	})
}
