package duoclient_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

func TestAPIConfigFaults(t *testing.T) {
	t.Parallel()
	ca := newTestCA(t).trust(t)
	whole := duoclient.APIConfig{IntegrationKey: integrationKey, SecretKey: secret.New(secretKey), APIHost: duoHost}
	for name, row := range map[string]struct {
		change func(*duoclient.APIConfig)
		want   string // "" for none
	}{
		"good":                 {func(*duoclient.APIConfig) {}, ""},
		"version 2":            {func(c *duoclient.APIConfig) { c.Signature = duoclient.SignatureV2 }, ""},
		"federal":              {func(c *duoclient.APIConfig) { c.APIHost = "api-0123abcd.duofederal.com" }, ""},
		"simulator":            {func(c *duoclient.APIConfig) { c.APIHost, c.Simulator, c.CA = "127.0.0.1:8443", true, ca }, ""},
		"simulator without CA": {func(c *duoclient.APIConfig) { c.APIHost, c.Simulator = "127.0.0.1:8443", true }, "CA"},
		"short key":            {func(c *duoclient.APIConfig) { c.IntegrationKey = "DI" }, "integration key must be 20"},
		"no secret":            {func(c *duoclient.APIConfig) { c.SecretKey = secret.Secret{} }, "it has 0 characters"},
		"a port":               {func(c *duoclient.APIConfig) { c.APIHost += ":443" }, "API host"},
		"somewhere else":       {func(c *duoclient.APIConfig) { c.APIHost = "api-0123abcd.example.org" }, "API host"},
		"upper case":           {func(c *duoclient.APIConfig) { c.APIHost = strings.ToUpper(c.APIHost) }, "API host"},
		"account":              {func(c *duoclient.APIConfig) { c.AccountID = "DA" }, "account ID must be 20"},
		"version 3":            {func(c *duoclient.APIConfig) { c.Signature = 3 }, "must be 2 or 5, not 3"},
		"proxy":                {func(c *duoclient.APIConfig) { c.HTTPProxy = newSecret("socks5://user:" + proxyPassword + "@x") }, "HTTP proxy"},
		"concurrent":           {func(c *duoclient.APIConfig) { c.MaxConcurrent = -1 }, "-1 concurrent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := whole
			row.change(&c)
			a, err := duoclient.NewAdmin(c)
			if row.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				a.Close()
				return
			}
			if !errors.Is(err, duoclient.ErrConfig) || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), proxyPassword) {
				t.Errorf("%v, want %q", err, row.want)
			}
			if _, err := duoclient.NewAuth(c); !errors.Is(err, duoclient.ErrConfig) {
				t.Errorf("NewAuth = %v", err)
			}
			if _, err := duoclient.NewAccounts(c); !errors.Is(err, duoclient.ErrConfig) {
				t.Errorf("NewAccounts = %v", err)
			}
		})
	}
	whole.AccountID = accountID
	if _, err := duoclient.NewAccounts(whole); !errors.Is(err, duoclient.ErrConfig) {
		t.Errorf("Accounts API with an account ID: %v", err)
	}
	if _, err := duoclient.NewAuth(whole); !errors.Is(err, duoclient.ErrConfig) {
		t.Errorf("Auth API with an account ID: %v", err)
	}
}

// TestChildHosts: the keys go to Duo's hosts only, whatever an answer names.
func TestChildHosts(t *testing.T) {
	t.Parallel()
	accounts, err := duoclient.NewAccounts(duoclient.APIConfig{IntegrationKey: integrationKey, SecretKey: secret.New(secretKey), APIHost: duoHost})
	if err != nil {
		t.Fatal(err)
	}
	defer accounts.Close()
	for host, want := range map[string]error{
		"api-abcdef12.duosecurity.com": nil, "api-abcdef12.duosecurity.com.example.org": duoclient.ErrConfig,
		"": duoclient.ErrConfig, "127.0.0.1": duoclient.ErrConfig, "api-abcdef12.duosecurity.com/x": duoclient.ErrConfig,
	} {
		child, err := accounts.Admin(duoclient.Account{AccountID: accountID, APIHost: host})
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", host, err, want)
		}
		if err == nil {
			child.Close()
		}
	}
	if _, err := accounts.Admin(duoclient.Account{APIHost: "api-abcdef12.duosecurity.com"}); !errors.Is(err, duoclient.ErrConfig) {
		t.Errorf("no account ID: %v", err)
	}
}

// Threat T104: the environment's proxies are not asked.
func TestAPIIgnoresEnvironmentProxies(t *testing.T) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = trap.Close() }()
	caught := make(chan struct{}, 1)
	go func() {
		if conn, err := trap.Accept(); err == nil {
			_ = conn.Close()
			caught <- struct{}{}
		}
	}()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://"+trap.Addr().String())
	}
	t.Setenv("NO_PROXY", "")
	fake := newAPIFake(t)
	fake.set(good(`{"time":1793534400}`))
	if _, err := newAPIClients(t, fake.config(t)).auth.Check(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case <-caught:
		t.Error("the proxy of the environment was asked")
	default:
	}
}

// TestAPIUntrusted: keys are not sent to a server that is not Duo.
func TestAPIUntrusted(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(func(int, apiRequest, http.ResponseWriter) {})
	config := fake.config(t)
	config.CA = newTestCA(t).trust(t)
	_, err := newAPIClients(t, config).admin.Users.Get(t.Context(), userID)
	if !errors.Is(err, duoclient.ErrUntrustedServer) || !errors.Is(err, duoclient.ErrNotSent) || len(fake.seen()) != 0 {
		t.Errorf("%v, want the server refused before anything is sent", err)
	}
}
