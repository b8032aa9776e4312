package main_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/seal"
	"mfaserver/internal/secret"
	"mfaserver/internal/store/sqlite"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

// Racers and transactions of TestRacers; fewer with -short.
const (
	raceTransactions = 1000
	racersEach       = 50
)

// Threat T070: of any number of concurrent redemptions of one transaction one
// wins, and Duo's token endpoint sees one call. The flow, the Duo client, the
// simulator and the durable store are the real ones.
func TestRacers(t *testing.T) {
	t.Parallel()
	transactions := raceTransactions
	if testing.Short() {
		transactions = 50
	}
	flow, duo := newRealFlow(t)
	browser := &http.Client{
		Transport:     duo.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var granted, refused atomic.Int64
	next := make(chan int)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for n := range next {
				race(t, flow, browser, n, &granted, &refused)
			}
		})
	}
	for n := range transactions {
		next <- n
	}
	close(next)
	workers.Wait()
	if got := int(granted.Load()); got != transactions {
		t.Errorf("%d grants, want %d", got, transactions)
	}
	if got, want := int(refused.Load()), transactions*(racersEach-1); got != want {
		t.Errorf("%d refusals, want %d", got, want)
	}
	if got := duo.CountCalls("token"); got != transactions {
		t.Errorf("the token endpoint saw %d calls, want %d", got, transactions)
	}
}

// race plays one login up to the code and then redeems it from all sides.
func race(t *testing.T, flow *mfa.Flow, browser *http.Client, n int, granted, refused *atomic.Int64) {
	t.Helper()
	const redirectURI = "https://localhost:8443/api/4.5.2/extensions/mfa/duocallback"
	client := mfa.Client{Addr: netip.MustParseAddr("192.0.2.1")}
	name := "user" + strconv.Itoa(n%100)
	begun, err := flow.Begin(t.Context(), mfa.BeginRequest{
		Username: name, Typed: name, UserID: 1, Primary: "SUCCESS", RedirectURI: redirectURI, Client: client,
	})
	if err != nil {
		t.Errorf("Begin = %v", err)
		return
	}
	back, err := follow(t.Context(), browser, begun.Challenge.AuthURL)
	if err != nil {
		t.Errorf("authURL: %v", err)
		return
	}
	request := mfa.RedeemRequest{
		FormUsername: name, HeaderUsername: []string{name}, Primary: "SUCCESS",
		Code: back.Get("duo_code"), State: back.Get("state"), RedirectURI: redirectURI, Client: client,
	}
	barrier := make(chan struct{})
	var racers sync.WaitGroup
	for range racersEach {
		racers.Go(func() {
			<-barrier
			switch _, err := flow.Redeem(t.Context(), request); {
			case err == nil:
				granted.Add(1)
			case errors.Is(err, mfa.ErrNotPending):
				refused.Add(1)
			default:
				t.Errorf("Redeem = %v, want ErrNotPending", err)
			}
		})
	}
	close(barrier)
	racers.Wait()
}

// follow walks from the authURL to the redirect URI and returns its query.
func follow(ctx context.Context, browser *http.Client, target string) (url.Values, error) {
	for range 5 {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
		if err != nil {
			return nil, err
		}
		resp, err := browser.Do(r)
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
		location, err := resp.Location()
		if err != nil {
			return nil, err
		}
		if location.Query().Has("duo_code") {
			return location.Query(), nil
		}
		target = location.String()
	}
	return nil, errors.New("too many redirects")
}

func newRealFlow(t *testing.T) (*mfa.Flow, *duotest.Server) {
	t.Helper()
	users := make([]duotest.User, 100)
	for i := range users {
		users[i] = duotest.User{Name: "user" + strconv.Itoa(i), Phones: []duotest.Phone{{Number: "+1734555" + strconv.Itoa(1000+i), Activated: true}}}
	}
	duo, err := duotest.NewServer(duotest.Config{Auto: duotest.Approve, Users: users})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(duo.Close)
	ca, err := duoclient.CAPEM(duo.CA().CertPEM())
	if err != nil {
		t.Fatal(err)
	}
	universal, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: duo.Credentials().ClientID, ClientSecret: secret.New(duo.Credentials().ClientSecret),
		APIHost: duo.APIHost, CA: ca, Simulator: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := seal.New(key)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "data.db"), Sealer: sealer, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	flow, err := mfa.New(mfa.Config{
		SecondFactor: universal, Transactions: db.Transactions(), Sources: db.Sources(), Codes: db.Codes(),
		Accounts: &mfatest.Accounts{}, Recorder: &mfatest.Recorder{}, Limits: mfa.Limits{PerClient: 1000, PerUser: 1000, Total: 100_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return flow, duo
}
