package main_test

import (
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/mirth"
)

const attackPassword = "correct horse battery"

// attack is one server with the users alice and eve, both known to Duo.
type attack struct {
	duo    *duotest.Server
	server *process
	alice  *apiClient
	eve    *apiClient
}

func newAttack(t *testing.T) *attack {
	t.Helper()
	duo := newDuo(t)
	duo.AddUser(duotest.User{Name: "eve", Phones: []duotest.Phone{{Number: "+17345550101", Activated: true}}})
	duo.AddUser(duotest.User{Name: "alice", Phones: []duotest.Phone{{Number: "+17345550102", Activated: true}}})
	var config string
	p, c := serveWith(t, duo, func(text string) string { config = text; return text })
	path := configPath(config)
	for _, name := range []string{"alice", "eve"} {
		r := runCommand(t, attackPassword+"\n", "--config", path, "users", "add", name, "--password-file", "-")
		if r.code != 0 {
			t.Fatalf("users add = %d %s", r.code, r.stderr)
		}
	}
	return &attack{duo: duo, server: p, alice: c, eve: c.fresh(t, "")}
}

// fresh is a client with an empty jar, calling from another loopback address
// when one is given.
func (c *apiClient) fresh(t *testing.T, from string) *apiClient {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := c.http.Transport.(*http.Transport).Clone()
	if from != "" {
		transport.DialContext = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &apiClient{server: c.server, accept: c.accept, http: &http.Client{Transport: transport, Jar: jar, Timeout: c.http.Timeout}}
}

// uniform is what every refused login looks like.
const uniform = "<com.mirth.connect.model.LoginStatus>\n  <status>FAIL</status>\n  <message>Incorrect username or password.</message>\n</com.mirth.connect.model.LoginStatus>"

func wantDenied(t *testing.T, what string, a answer) {
	t.Helper()
	if a.status != http.StatusUnauthorized || a.body != uniform {
		t.Errorf("%s = %d %s, want the uniform refusal", what, a.status, a.body)
	}
	for _, cookie := range a.header.Values("Set-Cookie") {
		if strings.HasPrefix(cookie, "JSESSIONID=") {
			t.Errorf("%s set %q", what, cookie)
		}
	}
}

func (a *attack) tokenCalls() int { return a.duo.CountCalls("token") }

func TestAttacks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		attack func(t *testing.T, a *attack)
		calls  int
	}{
		{"replayed second call", replay, 1},
		{"another machine with the callback's URL", stolen, 1},
		{"swapped usernames", swappedUsernames, 0},
		{"swapped states", swappedStates, 2},
		{"forged primary status", forgedStatus, 0},
		{"forged redirect URI", forgedRedirect, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newAttack(t)
			tt.attack(t, a)
			if got := a.tokenCalls(); got != tt.calls {
				t.Errorf("the token endpoint saw %d calls, want %d", got, tt.calls)
			}
		})
	}
}

// Threat T066: a repeated second call is refused, and the session it made
// before lives on.
func replay(t *testing.T, a *attack) {
	t.Helper()
	c := a.alice
	status := c.challenge(t, "alice", attackPassword)
	data := c.approve(t, "alice", status)
	if first := c.second(t, "alice", data); first.status != http.StatusOK {
		t.Fatalf("second call = %d %s", first.status, first.body)
	}
	wantDenied(t, "replay", c.second(t, "alice", data))
	if now := c.current(t); now.status != http.StatusOK {
		t.Errorf("users/current after a replay = %d, want 200", now.status)
	}
}

// Threat T073, T067: without the binding cookie and from another address the
// second call is refused and burns nothing: its owner still gets in.
func stolen(t *testing.T, a *attack) {
	t.Helper()
	status := a.alice.challenge(t, "alice", attackPassword)
	data := a.alice.approve(t, "alice", status)
	thief := a.alice.fresh(t, "127.0.0.2")
	for range 5 {
		wantDenied(t, "stolen login data", thief.second(t, "alice", data))
	}
	if mine := a.alice.second(t, "alice", data); mine.status != http.StatusOK {
		t.Errorf("the owner's second call = %d %s, want 200", mine.status, mine.body)
	}
}

// Threat T063: eve's own proof opens nobody else's session.
func swappedUsernames(t *testing.T, a *attack) {
	t.Helper()
	for _, names := range [][2]string{{"alice", "eve"}, {"eve", "alice"}, {"alice", "alice"}} {
		status := a.eve.challenge(t, "eve", attackPassword)
		data := strings.Replace(a.eve.approve(t, "eve", status), "eve:", names[1]+":", 1)
		wantDenied(t, "form "+names[0]+", header "+names[1], a.eve.second(t, names[0], data))
		if now := a.eve.current(t); now.status != http.StatusUnauthorized {
			t.Errorf("users/current = %d, want 401", now.status)
		}
	}
}

// Threat T065, T069: a code with the state of another login is refused by its
// nonce, and both logins are over.
func swappedStates(t *testing.T, a *attack) {
	t.Helper()
	first := a.eve.challenge(t, "eve", attackPassword)
	firstData := parse(t, a.eve.approve(t, "eve", first))
	second := a.alice.challenge(t, "alice", attackPassword)
	secondData := parse(t, a.alice.approve(t, "alice", second))
	mixed := mirth.NewLoginData("alice", mirth.StatusSuccess, firstData.Code, secondData.State, second.RedirectURI)
	wantDenied(t, "eve's code with alice's state", a.alice.second(t, "alice", mixed.String()))
	wantDenied(t, "alice's own, after that", a.alice.second(t, "alice", secondData.String()))
	mixed = mirth.NewLoginData("eve", mirth.StatusSuccess, secondData.Code, firstData.State, first.RedirectURI)
	wantDenied(t, "alice's code with eve's state", a.eve.second(t, "eve", mixed.String()))
}

// Threat T062: the status in the header is compared and never used; the third
// wrong field burns the login.
func forgedStatus(t *testing.T, a *attack) {
	t.Helper()
	status := a.alice.challenge(t, "alice", attackPassword)
	good := a.alice.approve(t, "alice", status)
	forged := strings.Replace(good, ":SUCCESS:", ":SUCCESS_GRACE_PERIOD:", 1)
	for range 3 {
		wantDenied(t, "forged status", a.alice.second(t, "alice", forged))
	}
	wantDenied(t, "the right one after three wrong ones", a.alice.second(t, "alice", good))
}

// Threat T061: so is the redirect URI.
func forgedRedirect(t *testing.T, a *attack) {
	t.Helper()
	status := a.alice.challenge(t, "alice", attackPassword)
	good := parse(t, a.alice.approve(t, "alice", status))
	for _, uri := range []string{"https://evil.example/cb", status.RedirectURI + "/", strings.Replace(status.RedirectURI, "4.5.2", "4.5.1", 1)} {
		forged := mirth.NewLoginData("alice", good.PrimaryStatus, good.Code, good.State, uri)
		wantDenied(t, "redirect URI "+uri, a.alice.second(t, "alice", forged.String()))
	}
	wantDenied(t, "the right one after three wrong ones", a.alice.second(t, "alice", good.String()))
}

func parse(t *testing.T, loginData string) mirth.LoginData {
	t.Helper()
	d, err := mirth.ParseLoginData(loginData)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Threat T020: whatever the header says, Duo sends the browser to a public URL
// or there is no prompt; the header is not reflected.
func TestForgedServerURL(t *testing.T) {
	t.Parallel()
	a := newAttack(t)
	form := map[string][]string{"username": {"alice"}, "password": {attackPassword}}
	wrong := map[string][]string{"username": {"alice"}, "password": {"wrong password here"}}
	for _, header := range []string{"https://evil.example", a.alice.server + "@evil.example", "javascript:alert(1)", a.alice.server + "/x", "//evil.example", ""} {
		h := http.Header{"X-Mirth-Server-Url": {header}}
		if header == "" {
			h = nil
		}
		right := a.alice.do(t, http.MethodPost, a.alice.server+"/api/users/_login", form, h)
		if right.status != http.StatusUnauthorized || strings.Contains(right.body, "authURL") || strings.Contains(right.body, "evil") {
			t.Errorf("server URL %q = %d %s, want 401 without a prompt", header, right.status, right.body)
		}
		if !strings.Contains(right.body, "X-Mirth-Server-Url") {
			t.Errorf("server URL %q: no hint in %s", header, right.body)
		}
		other := a.alice.do(t, http.MethodPost, a.alice.server+"/api/users/_login", wrong, h)
		if other.body != right.body {
			t.Errorf("server URL %q tells right from wrong passwords", header)
		}
	}
}

// The example header that the engine's vendor publishes parses to its five
// parts.
func TestPublishedExample(t *testing.T) {
	t.Parallel()
	d := parse(t, "test1:SUCCESS:FSVpTN3h5QNMji2uXzKe69Q5qWf0iv7L:dff8bd53717fdbf36d5a6e4e6da6331d6e61:aHR0cHM6Ly9sb2NhbGhvc3Q6ODQ0My9hcGkvNC41LjAvZXh0ZW5zaW9ucy9tZmEvZHVvY2FsbGJhY2s=")
	uri, err := base64.StdEncoding.DecodeString("aHR0cHM6Ly9sb2NhbGhvc3Q6ODQ0My9hcGkvNC41LjAvZXh0ZW5zaW9ucy9tZmEvZHVvY2FsbGJhY2s=")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.UsernameReadings(); len(got) == 0 || got[0] != "test1" || d.PrimaryStatus != mirth.StatusSuccess ||
		d.Code != "FSVpTN3h5QNMji2uXzKe69Q5qWf0iv7L" || d.State != "dff8bd53717fdbf36d5a6e4e6da6331d6e61" || d.RedirectURI != string(uri) {
		t.Errorf("parsed to %q %q %q %q %q", got, d.PrimaryStatus, d.Code, d.State, d.RedirectURI)
	}
}
