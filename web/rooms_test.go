package web_test

import (
	"html"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/mirth"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/web"
)

// plainHasher spares the tests the cost of a real hash.
type plainHasher struct{}

func (plainHasher) Hash(p string) (string, error)          { return "h:" + p, nil }
func (plainHasher) Inspect(string) (bool, error)           { return true, nil }
func (plainHasher) Verify(p, encoded string) (bool, error) { return encoded == "h:"+p, nil }

const rightPassword = "correct horse battery"

// house is a server with the real rooms behind it; only Duo is a stand-in.
type house struct {
	*site
	duo       *mfatest.SecondFactor
	enrolment *mfatest.Enrolment
	directory *primary.Local
	trail     *audittest.Memory
}

func newHouse(t *testing.T, users ...string) *house {
	t.Helper()
	return newHouseWith(t, func(*web.Config) {}, users...)
}

func newHouseWith(t *testing.T, bend func(*web.Config), users ...string) *house {
	t.Helper()
	h := &house{duo: &mfatest.SecondFactor{}, enrolment: &mfatest.Enrolment{}, trail: &audittest.Memory{}}
	limiter, err := throttle.New(primary.LoginLimits(100))
	must(t, err)
	h.directory, err = primary.NewLocal(primary.LocalConfig{Users: primary.NewMemoryUsers(), Limiter: limiter, Hasher: plainHasher{}})
	must(t, err)
	for _, u := range append([]string{"eve", "admin"}, users...) {
		_, err := h.directory.Add(t.Context(), primary.NewUser{Username: u, Role: primary.RoleUser, Password: secret.New(rightPassword)})
		must(t, err)
	}
	memory := mfa.NewMemory()
	flow, err := mfa.New(mfa.Config{
		SecondFactor: h.duo, Transactions: memory, Sources: memory, Codes: memory, Accounts: h.directory, Recorder: h.trail,
		Enrolment: h.enrolment,
	})
	must(t, err)
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	sessions, err := session.New(session.Config{Store: session.NewMemoryStore(), Recorder: h.trail, Source: web.ClientAddr(proxies)})
	must(t, err)
	second, err := throttle.New(throttle.Config{Source: throttle.Rule{Limit: 1000, Window: time.Minute}})
	must(t, err)
	config := web.Config{
		PublicURLs: []string{public}, TrustedProxies: proxies, ServerVersion: "4.5.2", Logger: slog.New(slog.DiscardHandler),
	}
	bend(&config)
	handler, err := web.New(config, web.Deps{
		Authenticator: h.directory, Directory: h.directory, Login: flow, Prompts: flow, Sessions: sessions,
		SessionKeeper: sessions, Notes: h.directory, SecondCalls: second, Recorder: h.trail,
	})
	must(t, err)
	h.site = serveSite(t, handler, slog.New(slog.DiscardHandler))
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// login is one login on its way.
type login struct {
	h        *house
	username string
	addr     string
	binding  string
	state    string
}

// begin makes the first call from addr.
func (h *house) begin(t *testing.T, username, addr string, headers ...string) login {
	t.Helper()
	got := h.first(t, username, rightPassword, append([]string{"X-Forwarded-For", addr}, headers...)...)
	parsed, err := mirth.ParseLoginStatus([]byte(got.body), got.Header.Get("Content-Type"))
	must(t, err)
	duo, ok := parsed.(mirth.DuoLoginStatus)
	if !ok || got.StatusCode != 401 {
		t.Fatalf("first call = %d %s", got.StatusCode, got.body)
	}
	l := login{h: h, username: username, addr: addr, state: mfatest.StateOf(duo.AuthURL)}
	for _, c := range got.Cookies() {
		if c.Name == "mfa_binding" {
			l.binding = c.Value
		}
	}
	return l
}

// data is the header value that the callback page shows.
func (l login) data(t *testing.T, code string) string {
	t.Helper()
	page := l.h.browser(t, "GET", callbackAt+"?state="+l.state+"&duo_code="+code, "", "X-Forwarded-For", l.addr)
	found := regexp.MustCompile(`(?s)<textarea id="login-data"[^>]*>(.*?)</textarea>`).FindStringSubmatch(page.body)
	if found == nil {
		t.Fatalf("callback = %d %s", page.StatusCode, page.body)
	}
	return html.UnescapeString(found[1])
}

// redeem makes the second call.
func (l login) redeem(t *testing.T, username, data string, headers ...string) answer {
	t.Helper()
	if !slices.Contains(headers, "X-Forwarded-For") {
		headers = append(headers, "X-Forwarded-For", l.addr)
	}
	return l.h.second(t, username, data, headers...)
}

func (a answer) sessionID(t *testing.T) string {
	t.Helper()
	for _, c := range a.Cookies() {
		if c.Name == "JSESSIONID" {
			return c.Value
		}
	}
	t.Fatalf("no session in %d %v %s", a.StatusCode, a.Header, a.body)
	return ""
}

func (h *house) whoami(t *testing.T, id string) (int, string) {
	t.Helper()
	got := h.send(t, "GET", "/api/users/current", "", "Cookie", "JSESSIONID="+id)
	if got.StatusCode != 200 {
		return got.StatusCode, ""
	}
	u, err := mirth.ParseUser([]byte(got.body), got.Header.Get("Content-Type"))
	must(t, err)
	return 200, u.Username
}

const home = "203.0.113.7"

// A login from the password to the logout. Threat T046: the page may be loaded
// twenty times. Threat T053: colons in the name stay where they are. Threat
// T028: a session that is there lives until the new one replaces it.
func TestWholeLogin(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "a:b:c", "O'Brien", "josé", "x:SUCCESS:c:s:b")
	for _, name := range []string{"admin", "a:b:c", "O'Brien", "josé", "x:SUCCESS:c:s:b"} {
		l := h.begin(t, name, home)
		data := l.data(t, "code1")
		for range 20 {
			if again := l.data(t, "code1"); again != data {
				t.Fatalf("page changed: %q, %q", again, data)
			}
		}
		code := "code-" + l.state
		id := l.redeem(t, name, l.data(t, code)).sessionID(t)
		if status, who := h.whoami(t, id); status != 200 || who != name {
			t.Errorf("%s: users/current = %d %q", name, status, who)
		}
		next := h.begin(t, name, home, "Cookie", "JSESSIONID="+id)
		if status, _ := h.whoami(t, id); status != 200 {
			t.Errorf("%s: session ended at the first call of another login: %d", name, status)
		}
		id2 := next.redeem(t, name, next.data(t, "code-"+next.state), "Cookie", "JSESSIONID="+id).sessionID(t)
		if status, _ := h.whoami(t, id); status != 401 || id == id2 {
			t.Errorf("%s: replaced session = %d", name, status)
		}
		if got := h.send(t, "POST", "/api/4.5.2/users/_logout", "", "Cookie", "JSESSIONID="+id2); got.StatusCode != 204 {
			t.Errorf("%s: _logout = %d", name, got.StatusCode)
		}
		if status, _ := h.whoami(t, id2); status != 401 {
			t.Errorf("%s: after _logout = %d", name, status)
		}
	}
}

// Threat T063: form, header and transaction must be of one user.
func TestSwappedUsernames(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, form := range []string{"eve", "admin"} {
		for _, header := range []string{"eve", "admin"} {
			for _, tx := range []string{"eve", "admin"} {
				l := h.begin(t, tx, home)
				data := mirth.NewLoginData(header, mirth.StatusSuccess, "c-"+l.state, l.state, redirect).String()
				got := l.redeem(t, form, data)
				if form != header || header != tx {
					if got.StatusCode != 401 || got.body != deniedXML {
						t.Errorf("form %s, header %s, transaction %s = %d %s", form, header, tx, got.StatusCode, got.body)
					}
					continue
				}
				if status, who := h.whoami(t, got.sessionID(t)); status != 200 || who != tx {
					t.Errorf("all %s: users/current = %d %q", tx, status, who)
				}
			}
		}
	}
}

// Threat T073: the second call comes from the client of the first, or not at
// all; a stranger's attempt does not spoil it (threat T067).
func TestStolenCallback(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const away = "198.51.100.9"
	l := h.begin(t, "admin", home)
	data := l.data(t, "c1")
	for _, headers := range [][]string{
		{"X-Forwarded-For", away},
		{"X-Forwarded-For", away, "Cookie", "mfa_binding=made-up"},
		{"X-Forwarded-For", away, "Cookie", "mfa_binding=" + l.binding + "; mfa_binding=x"},
		{"X-Forwarded-For", "garbage, " + "garbage"},
	} {
		if got := l.redeem(t, "admin", data, headers...); got.StatusCode != 401 || got.body != deniedXML {
			t.Errorf("%v = %d %s", headers, got.StatusCode, got.body)
		}
	}
	l.redeem(t, "admin", data).sessionID(t)
	roaming := h.begin(t, "admin", home)
	roaming.redeem(t, "admin", roaming.data(t, "c2"), "X-Forwarded-For", away, "Cookie", "mfa_binding="+roaming.binding).sessionID(t)
	if n := len(h.duo.Exchanges()); n != 2 {
		t.Errorf("Duo saw %d exchanges, want 2", n)
	}
}

// Threats T065, T066, T061, T062, T041, T019, T069: each ends in the one
// refusal, with the same bytes (threat T080).
func TestRefusalsOfTheRooms(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "gone")
	reference := h.first(t, "admin", "wrong", "X-Forwarded-For", home)
	value := func(l login, status mirth.Status, uri string) string {
		return mirth.NewLoginData(l.username, status, "c-"+l.state, l.state, uri).String()
	}
	check := func(name string, got answer) {
		t.Helper()
		sameAnswer(t, name, got, reference)
	}
	l := h.begin(t, "eve", home)
	id := l.redeem(t, "eve", value(l, "SUCCESS", redirect)).sessionID(t)
	check("replay", l.redeem(t, "eve", value(l, "SUCCESS", redirect)))
	if status, _ := h.whoami(t, id); status != 200 {
		t.Errorf("session after a replay = %d, want 200", status)
	}

	l = h.begin(t, "eve", home)
	check("redirect URI", l.redeem(t, "eve", value(l, "SUCCESS", strings.Replace(redirect, "4.5.2", "4.5.1", 1))))
	check("status", l.redeem(t, "eve", value(l, "SUCCESS_GRACE_PERIOD", redirect)))
	check("username", l.redeem(t, "Eve", value(l, "SUCCESS", redirect)))
	check("burned by three", l.redeem(t, "eve", value(l, "SUCCESS", redirect)))

	l = h.begin(t, "eve", home)
	if got := h.press(t, form("action", "deny", "state", l.state), "X-Forwarded-For", "198.51.100.9", "Sec-Fetch-Site", "same-origin"); got.StatusCode != 200 {
		t.Errorf("Deny = %d", got.StatusCode)
	}
	check("denied", l.redeem(t, "eve", value(l, "SUCCESS", redirect)))

	l = h.begin(t, "gone", home)
	_, err := h.directory.Disable(t.Context(), "gone")
	must(t, err)
	check("disabled meanwhile", l.redeem(t, "gone", value(l, "SUCCESS", redirect)))

	mine, other := h.begin(t, "eve", home), h.begin(t, "admin", home)
	other.username = "eve"
	check("state of another user", mine.redeem(t, "eve", value(other, "SUCCESS", redirect)))
	unknown := login{h: h, username: "eve", addr: home, state: strings.Repeat("0", 36)}
	check("unknown state", unknown.redeem(t, "eve", value(unknown, "SUCCESS", redirect)))
	check("malformed", unknown.redeem(t, "eve", "eve:SUCCESS"))
	check("disabled", h.first(t, "gone", rightPassword, "X-Forwarded-For", home))
	check("unknown user", h.first(t, "nobody", rightPassword, "X-Forwarded-For", home))
}

// Threat T077: an id from the client becomes nobody's session. Threat T109:
// two ids are none.
func TestForeignSessionIDs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const chosen = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	l := h.begin(t, "eve", home, "Cookie", "JSESSIONID="+chosen)
	id := l.redeem(t, "eve", l.data(t, "c"), "Cookie", "JSESSIONID="+chosen).sessionID(t)
	if status, _ := h.whoami(t, chosen); status != 401 || id == chosen {
		t.Errorf("chosen id = %d, want 401", status)
	}
	for _, c := range []string{id + "; JSESSIONID=" + chosen, chosen + "; JSESSIONID=" + id, `"` + id + `"`, id + ".node0", ""} {
		if status, _ := h.whoami(t, c); status != 401 {
			t.Errorf("JSESSIONID=%.60s = %d, want 401", c, status)
		}
	}
	if status, _ := h.whoami(t, id); status != 200 {
		t.Errorf("the real one = %d", status)
	}
}

// Threat T031: of two logins of one client the first to finish ends the other.
func TestSiblings(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a := h.begin(t, "eve", home)
	b := h.begin(t, "eve", home, "Cookie", "mfa_binding="+a.binding)
	dataA, dataB := a.data(t, "ca"), b.data(t, "cb")
	a.redeem(t, "eve", dataA).sessionID(t)
	if got := b.redeem(t, "eve", dataB); got.StatusCode != 401 || got.body != deniedXML {
		t.Errorf("sibling = %d %s", got.StatusCode, got.body)
	}
}
