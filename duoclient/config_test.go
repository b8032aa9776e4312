package duoclient_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"mfaserver/duoclient"
)

// Threat T103: lengths of the secret; threat T035: hosts that are not Duo's.
func TestConfig(t *testing.T) {
	t.Parallel()
	ca := newTestCA(t).trust(t)
	bad := map[string]func(*duoclient.UniversalConfig){
		"no client ID":         func(c *duoclient.UniversalConfig) { c.ClientID = "" },
		"short client ID":      func(c *duoclient.UniversalConfig) { c.ClientID = clientID[1:] },
		"long client ID":       func(c *duoclient.UniversalConfig) { c.ClientID += "X" },
		"client ID with &":     func(c *duoclient.UniversalConfig) { c.ClientID = clientID[1:] + "&" },
		"negative concurrency": func(c *duoclient.UniversalConfig) { c.MaxConcurrent = -1 },
		"no simulator CA":      func(c *duoclient.UniversalConfig) { c.Simulator = true; c.APIHost = "localhost:8444" },
	}
	for i, s := range []string{"", clientSecret[1:], clientSecret + "0", clientSecret + "\n", " " + clientSecret[1:], strings.Repeat("é", 20)} {
		bad[fmt.Sprint("secret ", i)] = func(c *duoclient.UniversalConfig) { c.ClientSecret = newSecret(s) }
	}
	for _, host := range []string{
		"", "duosecurity.com", "https://" + duoHost, duoHost + ":443", duoHost + "/", "user@" + duoHost, "api-test0001.duosecurity.com.evil.example",
		"api-test0001.evil.example", "api-.duosecurity.com", "api-abc.duosecurity.com", "API-TEST0001.duosecurity.com", "admin-test0001.duosecurity.com",
		"api-test0001.duosecurity.com.", "api-test0001xduosecurity.com", "localhost", "127.0.0.1", duoHost + "\n", duoHost + "#", "api-12345678901234567.duosecurity.com",
	} {
		bad["host "+host] = func(c *duoclient.UniversalConfig) { c.APIHost = host }
	}
	for _, host := range []string{"", "https://localhost", "localhost/", "a@localhost", "LOCALHOST", "localhost:x", "localhost:123456", "-a", "a b", "[::1", "a?b"} {
		bad["simulator "+host] = func(c *duoclient.UniversalConfig) { c.APIHost = host; c.Simulator = true; c.CA = ca }
	}
	for _, proxy := range []string{"proxy:3128", "https://proxy", "socks5://proxy", "http://", "http://proxy/path", "http://proxy?x", "http://proxy#x", "http://u:sec ret@pro xy", "http://%zz"} {
		bad["proxy "+proxy] = func(c *duoclient.UniversalConfig) { c.HTTPProxy = newSecret(proxy) }
	}
	for name, change := range bad {
		c := duoclient.UniversalConfig{ClientID: clientID, ClientSecret: newSecret(clientSecret), APIHost: duoHost}
		change(&c)
		u, err := duoclient.NewUniversal(c)
		if u != nil || !errors.Is(err, duoclient.ErrConfig) || duoclient.Classify(err) != duoclient.ClassMisconfigured {
			t.Errorf("%s: %v, want ErrConfig", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), clientSecret[1:]) || strings.Contains(err.Error(), "sec ret")) {
			t.Errorf("%s: %q shows the secret", name, err)
		}
	}
	for _, host := range []string{duoHost, "api-1234abcd.duofederal.com", "api-abcd.duosecurity.com"} {
		if _, err := duoclient.NewUniversal(duoclient.UniversalConfig{ClientID: clientID, ClientSecret: newSecret(clientSecret), APIHost: host, HTTPProxy: newSecret("http://proxy:3128")}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"localhost", "127.0.0.1:8444", "[::1]:8444", "duo.test:1"} {
		u, err := duoclient.NewUniversal(duoclient.UniversalConfig{ClientID: clientID, ClientSecret: newSecret(clientSecret), APIHost: host, Simulator: true, CA: ca})
		if err != nil || u.APIHost() != host || u.TokenURL() != "https://"+host+"/oauth/v1/token" {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// All faults of a configuration are told at once.
func TestConfigAllFaults(t *testing.T) {
	t.Parallel()
	_, err := duoclient.NewUniversal(duoclient.UniversalConfig{HTTPProxy: newSecret("x")})
	for _, word := range []string{"client ID", "client secret", "API host", "HTTP proxy"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not name the %s", err, word)
		}
	}
}

// Threat T103: no way of printing shows the secret or the proxy's password.
func TestRedaction(t *testing.T) {
	t.Parallel()
	c := duoclient.UniversalConfig{ClientID: clientID, ClientSecret: newSecret(clientSecret), APIHost: duoHost, HTTPProxy: newSecret("http://user:pa55word@proxy:3128")}
	u, err := duoclient.NewUniversal(c)
	if err != nil {
		t.Fatal(err)
	}
	broken := c
	broken.HTTPProxy = newSecret("http://user:pa55word@pro xy")
	type outer struct {
		C duoclient.UniversalConfig
		U *duoclient.Universal
	}
	digits := fmt.Sprintf("%d", []byte(clientSecret))
	for _, v := range []any{c, &c, u, *u, broken, outer{c, u}, &outer{c, u}, c.LogValue()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, clientSecret) || strings.Contains(text, fmt.Sprintf("%x", clientSecret)) || strings.Contains(text, "pa55word") || strings.Contains(text, strings.Trim(digits, "[]")) {
				t.Errorf("%s of %T: %s", verb, v, text)
			}
		}
		if text := toJSON(t, v); strings.Contains(text, clientSecret) || strings.Contains(text, "pa55word") {
			t.Errorf("JSON of %T: %s", v, text)
		}
	}
	keys := slices.Sorted(maps.Keys(decode(t, toJSON(t, c))))
	if got := strings.Join(keys, " "); got != "api_host client_id client_secret http_proxy max_concurrent previous_secret simulator" {
		t.Errorf("JSON members %s", got)
	}
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}
