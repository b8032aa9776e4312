package duoclient_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
)

// simulator starts a Duo that approves, and a client of it.
func simulator(tb testing.TB) (*duotest.Server, *duoclient.Universal) {
	tb.Helper()
	sim, err := duotest.NewServer(duotest.Config{Auto: duotest.Approve})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(sim.Close)
	return sim, simulatorClient(tb, sim)
}

// simulatorClient is a client with the real clock.
func simulatorClient(tb testing.TB, sim *duotest.Server, opts ...duoclient.Option) *duoclient.Universal {
	tb.Helper()
	ca, err := duoclient.CAPEM(sim.CA().CertPEM())
	if err != nil {
		tb.Fatal(err)
	}
	keys := sim.Credentials()
	u, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: keys.ClientID, ClientSecret: newSecret(keys.ClientSecret), APIHost: sim.APIHost, CA: ca, Simulator: true,
	}, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(u.Close)
	return u
}

// walk plays the browser up to the callback, and gives its query.
func walk(ctx context.Context, browser *http.Client, authURL string) (url.Values, error) {
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for range 5 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, authURL, nil)
		if err != nil {
			return nil, err
		}
		resp, err := browser.Do(req)
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
		next, err := resp.Location()
		if err != nil {
			return nil, fmt.Errorf("HTTP %d: %w", resp.StatusCode, err)
		}
		if strings.HasPrefix(next.String(), redirectURI) {
			return next.Query(), nil
		}
		authURL = next.String()
	}
	return nil, errors.New("too many redirects")
}

// login goes through the prompt and gives the exchange to make.
func login(t *testing.T, sim *duotest.Server, u *duoclient.Universal) duoclient.ExchangeRequest {
	t.Helper()
	start := time.Now()
	p := freshPrompt()
	authURL, err := u.AuthURL(p)
	if err != nil {
		t.Fatal(err)
	}
	query, err := walk(t.Context(), sim.Client(), authURL)
	if err != nil || query.Get("state") != p.State {
		t.Fatalf("callback %v, %v", query, err)
	}
	return duoclient.ExchangeRequest{Code: query.Get("duo_code"), Username: p.Username, Nonce: p.Nonce, RedirectURI: p.RedirectURI, NotBefore: start}
}

func TestLoginWithSimulator(t *testing.T) {
	t.Parallel()
	sim, u := simulator(t)
	if h, err := u.HealthCheck(t.Context()); err != nil || h.Skew > 2*time.Second || h.Skew < -2*time.Second {
		t.Fatalf("HealthCheck = %+v, %v", h, err)
	}
	r := login(t, sim, u)
	id, err := u.Exchange(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if id.Username != username || id.Context.Factor != "duo_push" || id.Context.Reason != "user_approved" || id.Context.TxID == "" || id.Context.UserName != username {
		t.Errorf("identity %+v", id)
	}
	// Threat T066: a code is good once.
	if _, err := u.Exchange(t.Context(), r); !errors.Is(err, duoclient.ErrCodeRefused) {
		t.Errorf("second exchange = %v, want ErrCodeRefused", err)
	}
	// Threat T069: another prompt's code does not prove this prompt.
	other, mine := login(t, sim, u), login(t, sim, u)
	mine.Code = other.Code
	if _, err := u.Exchange(t.Context(), mine); !errors.Is(err, duoclient.ErrTokenNonce) {
		t.Errorf("another prompt's code = %v, want ErrTokenNonce", err)
	}
}

func TestSimulatorDenies(t *testing.T) {
	t.Parallel()
	sim, u := simulator(t)
	sim.SetAuto(duotest.Deny)
	authURL, err := u.AuthURL(freshPrompt())
	if err != nil {
		t.Fatal(err)
	}
	query, err := walk(t.Context(), sim.Client(), authURL)
	if err != nil || query.Get("error") != "access_denied" || query.Get("duo_code") != "" {
		t.Errorf("callback %v, %v", query, err)
	}
}

// Everything that the simulator can do wrong with an exchange, as the client
// tells it.
func TestSimulatorTokenFaults(t *testing.T) {
	t.Parallel()
	claim := func(name string, value any) duotest.Faults {
		return duotest.Faults{IDToken: duotest.IDTokenFaults{Claims: duotest.JSONFaults{Set: map[string]any{name: value}}}}
	}
	token := func(f duotest.IDTokenFaults) duotest.Faults { return duotest.Faults{IDToken: f} }
	answer := func(f duotest.AnswerFaults) duotest.Faults { return duotest.Faults{Token: f} }
	html := "<html></html>"
	for _, row := range []struct {
		name   string
		faults duotest.Faults
		want   error
	}{
		{"nothing", duotest.Faults{}, nil},
		{"none", token(duotest.IDTokenFaults{Algorithm: "none"}), duoclient.ErrTokenAlgorithm},
		{"HS256", token(duotest.IDTokenFaults{Algorithm: "HS256"}), duoclient.ErrTokenAlgorithm},
		{"crit", token(duotest.IDTokenFaults{Header: duotest.JSONFaults{Set: map[string]any{"crit": []string{"exp"}}}}), duoclient.ErrTokenAlgorithm},
		{"two alg", token(duotest.IDTokenFaults{Header: duotest.JSONFaults{Repeat: map[string]any{"alg": "HS512"}}}), duoclient.ErrTokenMalformed},
		{"another secret", token(duotest.IDTokenFaults{Secret: clientSecret}), duoclient.ErrTokenSignature},
		{"flipped bit", token(duotest.IDTokenFaults{BreakSignature: true}), duoclient.ErrTokenSignature},
		{"no signature", token(duotest.IDTokenFaults{EmptySignature: true}), duoclient.ErrTokenSignature},
		{"padding", token(duotest.IDTokenFaults{Rewrite: func(s string) string { return s + "==" }}), duoclient.ErrTokenMalformed},
		{"iss", claim("iss", "https://duo.example/oauth/v1/token"), duoclient.ErrTokenIssuer},
		{"aud", claim("aud", []string{"a", "b"}), duoclient.ErrTokenAudience},
		{"nonce", claim("nonce", nonce), duoclient.ErrTokenNonce},
		{"username", claim("preferred_username", "Test1"), duoclient.ErrTokenUsername},
		{"username twice", claim("PREFERRED_USERNAME", "admin"), duoclient.ErrTokenMalformed},
		{"float exp", claim("exp", json.RawMessage("1e12")), duoclient.ErrTokenExpired},
		{"no exp", token(duotest.IDTokenFaults{Claims: duotest.JSONFaults{Remove: []string{"exp"}}}), duoclient.ErrTokenExpired},
		{"old iat", token(duotest.IDTokenFaults{IssuedAt: -time.Hour}), duoclient.ErrTokenIssuedAt},
		{"deny", claim("auth_result.result", "deny"), duoclient.ErrNotAllowed},
		{"status fraud", claim("auth_result.status", "fraud"), duoclient.ErrNotAllowed},
		{"trailing data", token(duotest.IDTokenFaults{Claims: duotest.JSONFaults{Trailing: "{}"}}), duoclient.ErrTokenMalformed},
		{"dead code", duotest.Faults{CodeLifetime: -1}, duoclient.ErrCodeRefused},
		{"clock", duotest.Faults{ClockOffset: -10 * time.Minute}, duoclient.ErrTokenIssuedAt},
		{"500", answer(duotest.AnswerFaults{Status: 500}), duoclient.ErrOutage},
		{"429", answer(duotest.AnswerFaults{Status: 429}), duoclient.ErrRateLimited},
		{"html", answer(duotest.AnswerFaults{Body: &html}), duoclient.ErrMalformedResponse},
		{"redirect", answer(duotest.AnswerFaults{Redirect: "https://127.0.0.1:1/", Status: 307}), duoclient.ErrMalformedResponse},
		{"padded", answer(duotest.AnswerFaults{Pad: 1 << 20}), duoclient.ErrMalformedResponse},
		{"endless", answer(duotest.AnswerFaults{Endless: true}), duoclient.ErrMalformedResponse},
		{"bomb", answer(duotest.AnswerFaults{Gzip: true, Pad: 64 << 20}), duoclient.ErrMalformedResponse},
		{"truncated", answer(duotest.AnswerFaults{Truncate: true}), duoclient.ErrOutage},
		{"garbage", answer(duotest.AnswerFaults{Garbage: true}), duoclient.ErrMalformedResponse},
		{"early hints", answer(duotest.AnswerFaults{Informational: 10000}), duoclient.ErrMalformedResponse},
		{"reset before", answer(duotest.AnswerFaults{ResetBefore: true}), duoclient.ErrOutage},
		{"reset after", answer(duotest.AnswerFaults{ResetAfter: true}), duoclient.ErrOutage},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			sim, u := simulator(t)
			r := login(t, sim, u)
			if row.faults.CodeLifetime != 0 {
				sim.SetFaults(row.faults)
				r = login(t, sim, u)
			}
			sim.SetFaults(row.faults)
			id, err := u.Exchange(t.Context(), r)
			if !errors.Is(err, row.want) || (id == nil) != (err != nil) {
				t.Errorf("Exchange = %v, %v, want %v", id, err, row.want)
			}
			if errors.Is(err, duoclient.ErrNotSent) {
				t.Errorf("%v claims that nothing was sent", err)
			}
			if n := sim.CountCalls(duotest.EndpointToken); n != 1 {
				t.Errorf("%d calls of the token endpoint, want 1", n)
			}
		})
	}
}

// Threat T090: the simulator repeats a token, or only its jti.
func TestSimulatorRepeatsToken(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]duotest.Faults{
		"token": {RepeatToken: true, AllowCodeReuse: true},
		"jti":   {AllowCodeReuse: true, IDToken: duotest.IDTokenFaults{Claims: duotest.JSONFaults{Set: map[string]any{"jti": "one"}}}},
	} {
		sim, u := simulator(t)
		sim.SetFaults(faults)
		r := login(t, sim, u)
		if _, err := u.Exchange(t.Context(), r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := u.Exchange(t.Context(), r); !errors.Is(err, duoclient.ErrTokenReused) {
			t.Errorf("%s: %v, want ErrTokenReused", name, err)
		}
	}
}

// Threats T097, T099, T100: what the health check says of each way in which
// Duo can be away, wrong or somebody else.
func TestSimulatorHealthFaults(t *testing.T) {
	t.Parallel()
	connection := func(f duotest.ConnectionFaults) duotest.Faults { return duotest.Faults{Connection: f} }
	for _, row := range []struct {
		name   string
		faults duotest.Faults
		want   error
	}{
		{"refuse", connection(duotest.ConnectionFaults{Refuse: true}), duoclient.ErrOutage},
		{"silent", connection(duotest.ConnectionFaults{Silent: true}), duoclient.ErrOutage},
		{"plain", connection(duotest.ConnectionFaults{Plain: true}), duoclient.ErrUntrustedServer},
		{"expired", connection(duotest.ConnectionFaults{Certificate: duotest.CertificateExpired}), duoclient.ErrUntrustedServer},
		{"early", connection(duotest.ConnectionFaults{Certificate: duotest.CertificateEarly}), duoclient.ErrUntrustedServer},
		{"wrong name", connection(duotest.ConnectionFaults{Certificate: duotest.CertificateWrongName}), duoclient.ErrUntrustedServer},
		{"untrusted", connection(duotest.ConnectionFaults{Certificate: duotest.CertificateUntrusted}), duoclient.ErrUntrustedServer},
		{"TLS 1.1", connection(duotest.ConnectionFaults{MaxTLS: tls.VersionTLS11}), duoclient.ErrUntrustedServer},
		{"clock ahead", duotest.Faults{ClockOffset: 65 * time.Second}, duoclient.ErrClockSkew},
		{"clock far ahead", duotest.Faults{ClockOffset: time.Hour}, duoclient.ErrClockSkew},
		{"clock behind", duotest.Faults{ClockOffset: -65 * time.Second}, duoclient.ErrClockSkew},
		{"503", duotest.Faults{HealthCheck: duotest.AnswerFaults{Status: 503}}, duoclient.ErrOutage},
		{"503 once", duotest.Faults{HealthCheck: duotest.AnswerFaults{Status: 503, First: 1}}, nil},
		{"hang", duotest.Faults{HealthCheck: duotest.AnswerFaults{Hang: true}}, duoclient.ErrOutage},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			sim, err := duotest.NewServer(duotest.Config{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(sim.Close)
			u := simulatorClient(t, sim, duoclient.WithLimits(duoclient.TestLimits{Whole: 3 * time.Second}))
			sim.SetFaults(row.faults)
			start := time.Now()
			_, err = u.HealthCheck(t.Context())
			if !errors.Is(err, row.want) {
				t.Errorf("HealthCheck = %v, want %v", err, row.want)
			}
			if took := time.Since(start); took > 12*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// A wrong client secret is told as what it is, at both endpoints.
func TestSimulatorWrongSecret(t *testing.T) {
	t.Parallel()
	sim, _ := simulator(t)
	ca, err := duoclient.CAPEM(sim.CA().CertPEM())
	if err != nil {
		t.Fatal(err)
	}
	u, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: sim.Credentials().ClientID, ClientSecret: newSecret(strings.Repeat("x", 40)), APIHost: sim.APIHost, CA: ca, Simulator: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if _, err := u.HealthCheck(t.Context()); !errors.Is(err, duoclient.ErrMisconfigured) {
		t.Errorf("HealthCheck = %v", err)
	}
	r := asked()
	r.NotBefore = time.Now()
	if _, err := u.Exchange(t.Context(), r); !errors.Is(err, duoclient.ErrMisconfigured) {
		t.Errorf("Exchange = %v", err)
	}
}

// Threat T102: what a thousand calls sent, as the simulator read it.
func TestSimulatorConcurrentLogins(t *testing.T) {
	t.Parallel()
	sim, u := simulator(t)
	var wg sync.WaitGroup
	for range 20 {
		r := login(t, sim, u)
		wg.Go(func() {
			if _, err := u.Exchange(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	jti := map[string]bool{}
	for _, c := range sim.Calls() {
		if c.Endpoint == duotest.EndpointToken {
			jti[c.JTI] = true
		}
	}
	if len(jti) != 20 {
		t.Errorf("%d different jti, want 20", len(jti))
	}
}

// A whole login: is Duo there, where does the browser go, what did Duo say.
func ExampleUniversal() {
	sim, err := duotest.NewServer(duotest.Config{Auto: duotest.Approve})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	ca, err := duoclient.CAPEM(sim.CA().CertPEM())
	if err != nil {
		fmt.Println(err)
		return
	}
	keys := sim.Credentials()
	duo, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: keys.ClientID, ClientSecret: newSecret(keys.ClientSecret), APIHost: sim.APIHost, CA: ca, Simulator: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer duo.Close()

	ctx, started := context.Background(), time.Now()
	if _, err := duo.HealthCheck(ctx); err != nil {
		fmt.Println(duoclient.Classify(err), err)
		return
	}
	authURL, err := duo.AuthURL(duoclient.AuthRequest{Username: "test1", State: state, Nonce: nonce, RedirectURI: redirectURI})
	if err != nil {
		fmt.Println(err)
		return
	}
	callback, err := walk(ctx, sim.Client(), authURL)
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := duo.Exchange(ctx, duoclient.ExchangeRequest{
		Code: callback.Get("duo_code"), Username: "test1", Nonce: nonce, RedirectURI: redirectURI, NotBefore: started,
	})
	if err != nil {
		fmt.Println(duoclient.Classify(err), err)
		return
	}
	fmt.Println(id.Username, id.Context.Factor, id.Context.Reason)
	// Output:
	// test1 duo_push user_approved
}
