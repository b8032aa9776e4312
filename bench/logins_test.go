package bench_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/loadgen"
	"mfaserver/internal/secret"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/web"
)

// noDuo is for sites where nobody logs in.
func noDuo(tb testing.TB) mfa.SecondFactor {
	tb.Helper()
	return new(mfatest.SecondFactor)
}

func secretOf(text string) secret.Secret { return secret.New(text) }

// loginSide is a whole server with a simulator beside it, and clients for it.
type loginSide struct {
	sim   *duotest.Server
	front *httptest.Server
	users []loadgen.User
	scale scale
	rates []float64
}

func newLoginSide(tb testing.TB, s scale, kept stores) *loginSide {
	tb.Helper()
	names := make([]string, 256)
	for i := range names {
		names[i] = fmt.Sprintf("user%d", i)
	}
	side := &loginSide{scale: s}
	sim, duo := newDuo(tb, names)
	side.sim, side.front = sim, httptest.NewUnstartedServer(nil)
	public := "https://" + side.front.Listener.Addr().String()
	side.front.Config = web.HTTPServer(newSite(tb, kept, duo, public), slog.New(slog.DiscardHandler))
	side.front.StartTLS()
	tb.Cleanup(side.front.Close)
	for _, name := range names {
		side.users = append(side.users, loadgen.User{Name: name, Password: secret.New("believed")})
	}
	return side
}

// play is one round of logins; logouts are left out, as the bar is about
// logins.
func (l *loginSide) play(tb testing.TB, clients, logins int) *loadgen.Report {
	tb.Helper()
	g, err := loadgen.New(loadgen.Config{
		Server: l.front.URL, CA: trusted(l.sim, l.front), Users: l.users, Clients: clients, Logins: logins, KeepSessions: true, UserAgent: "bench",
	})
	if err != nil {
		tb.Fatal(err)
	}
	r, err := g.Run(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if r.Succeeded != r.Logins {
		tb.Fatalf("%d of %d logins succeeded: %+v", r.Succeeded, r.Logins, r.Outcomes)
	}
	return r
}

// loginRows measure whole logins, both calls and the browser, with everything
// durable, beside the same with the memory store: by as many clients as keep the
// processors busy on both sides, and by a few. Password checks are stubbed;
// clients and simulator run on the same processors.
func loginRows(tb testing.TB, s scale) []row {
	tb.Helper()
	disk, memory := newLoginSide(tb, s, onDisk(tb)), newLoginSide(tb, s, inMemory())
	var diskFew, memoryFew []float64
	round := func(l *loginSide, clients, logins int, into *[]float64) func() error {
		return func() error {
			*into = append(*into, l.play(tb, clients, logins).PerSecond)
			return nil
		}
	}
	if err := turns(s.rounds, round(disk, s.loginClients, s.logins, &disk.rates), round(memory, s.loginClients, s.logins, &memory.rates)); err != nil {
		tb.Fatal(err)
	}
	if err := turns(s.rounds, round(disk, s.fewClients, s.logins/2, &diskFew), round(memory, s.fewClients, s.logins/2, &memoryFew)); err != nil {
		tb.Fatal(err)
	}
	return []row{
		{
			name: "logins-ratio", what: "whole logins with the durable store, of those with the memory store", unit: "x", bar: bar{atLeast, 0.6},
			rounds: ratios(disk.rates, memory.rates), context: both("memory store", disk.rates, memory.rates, "a second"),
		},
		{name: "logins", what: "whole logins with the durable store", unit: "a second", bar: bar{atLeast, 300}, rounds: disk.rates, context: "clients, browser and simulator on the same processors"},
		{
			name: "logins-few", what: fmt.Sprintf("the same by %d clients, who wait for the disk instead", s.fewClients), unit: "x",
			rounds: ratios(diskFew, memoryFew), context: both("memory store", diskFew, memoryFew, "a second"),
		},
	}
}
