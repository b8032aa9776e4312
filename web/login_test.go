package web_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/mfa"
	"mfaserver/web"
)

const (
	deniedXML  = "<com.mirth.connect.model.LoginStatus>\n  <status>FAIL</status>\n  <message>Incorrect username or password.</message>\n</com.mirth.connect.model.LoginStatus>"
	deniedJSON = `{"com.mirth.connect.model.LoginStatus":{"status":"FAIL","message":"Incorrect username or password."}}`
)

var errDisk = errors.New("disk full at /var/secret/path")

// first makes a first call.
func (s *site) first(t *testing.T, username, password string, headers ...string) answer {
	t.Helper()
	if !slices.Contains(headers, "X-Mirth-Server-Url") {
		headers = append(headers, "X-Mirth-Server-Url", public)
	}
	return s.send(t, "POST", "/api/users/_login", form("username", username, "password", password), headers...)
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld(), func(c *web.Config) { c.ClientPluginClass = "com.example.Plugin" })
	got := s.first(t, "admin", "right", "User-Agent", "curl/7.88.1")
	const want = `<com.mirth.connect.plugins.mfa.model.DuoLoginStatus>
  <status>FAIL</status>
  <message>Open authURL in a browser to confirm this sign-in with Duo, then sign in again as the page there says.</message>
  <clientPluginClass>com.example.Plugin</clientPluginClass>
  <primaryStatus>SUCCESS</primaryStatus>
  <apiHostname>api-12345678.duosecurity.com</apiHostname>
  <authURL>https://api-12345678.duosecurity.com/oauth/v1/authorize?scope=openid&amp;response_type=code&amp;redirect_uri=https://mirth.example.org:8443/api/4.5.2/extensions/mfa/duocallback&amp;client_id=DIXXX&amp;request=a.b.c</authURL>
  <redirectUri>https://mirth.example.org:8443/api/4.5.2/extensions/mfa/duocallback</redirectUri>
</com.mirth.connect.plugins.mfa.model.DuoLoginStatus>`
	if got.StatusCode != 401 || got.body != want || got.Header.Get("Content-Type") != "application/xml" {
		t.Errorf("first call = %d %s\n%s\nwant 401\n%s", got.StatusCode, got.Header.Get("Content-Type"), got.body, want)
	}
	// Threat T030: only the binding cookie, which opens nothing; no Expires.
	if c := got.Header.Values("Set-Cookie"); len(c) != 1 || c[0] != "mfa_binding=binding-value; Path=/api; Max-Age=600; HttpOnly; Secure; SameSite=Strict" {
		t.Errorf("Set-Cookie = %q", c)
	}
	b := s.world.begun[0]
	if b.Username != "admin" || b.Typed != "admin" || b.UserID != 1 || !b.Administrator || b.Primary != "SUCCESS" || b.RedirectURI != redirect ||
		b.AllowEnrolment || b.Client.UserAgent != "curl/7.88.1" || b.Client.RequestID == "" || b.CheckedAt != noon {
		t.Errorf("Begin got %+v", b)
	}
	if names := s.world.names(); !slices.Equal(names, []audit.Name{audit.PrimaryOK}) {
		t.Errorf("audit = %v", names)
	}
	for _, cookie := range got.Cookies() {
		for _, r := range s.handler.Routes() {
			if r.Access == web.SignedIn && slices.Contains(r.Methods, "GET") {
				if got := s.send(t, "GET", "/api"+r.Path, "", "Cookie", "JSESSIONID="+cookie.Value+"; "+cookie.Name+"="+cookie.Value); got.StatusCode != 401 {
					t.Errorf("GET %s with the cookie of the first call = %d, want 401", r.Path, got.StatusCode)
				}
			}
		}
	}
}

func TestChallengeDetails(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.authenticate = func(a primary.Attempt) (primary.Result, error) {
		return primary.Result{User: primary.User{ID: 7, Username: "alice"}, Status: primary.StatusGracePeriod, Message: "change it", Carry: []byte("sealed")}, nil
	}
	s := newSite(t, w, func(c *web.Config) {
		c.Administrators = []string{"alice"}
		c.AllowEnrolment = func(u primary.User, at time.Time) bool { return u.Username == "alice" && at.Equal(noon) }
	})
	got := s.send(t, "POST", "/api/4.5.0/users/_login", form("username", "corp\\alice", "password", "x"),
		"X-Mirth-Server-Url", "HTTPS://LocalHost:8443/", "Accept", "application/json")
	b := w.begun[0]
	if b.RedirectURI != "https://localhost:8443/api/4.5.0/extensions/mfa/duocallback" || b.Primary != "SUCCESS_GRACE_PERIOD" || b.Message != "change it" ||
		!b.Administrator || !b.AllowEnrolment || b.Typed != `corp\alice` || string(b.Carry) != "sealed" {
		t.Errorf("Begin got %+v", b)
	}
	if !strings.Contains(got.body, `"updatedUsername":"alice"`) || !strings.Contains(got.body, `"primaryStatus":"SUCCESS_GRACE_PERIOD"`) ||
		strings.Contains(got.body, "clientPluginClass") || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("challenge = %s", got.body)
	}
}

// Threats T020, T021: the redirect URI is one of ours whatever the header says.
// Threat T022: and whatever other headers say.
func TestServerURL(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	for _, tt := range []struct {
		name, header string
		ok           bool
	}{
		{"as configured", public, true},
		{"slash", public + "/", true},
		{"upper case", "HTTPS://MIRTH.EXAMPLE.ORG:8443", true},
		{"other configured", "https://localhost:8443", true},
		{"absent", "", false},
		{"evil", "https://evil.example", false},
		{"userinfo", "https://mirth.example.org:8443@evil.example", false},
		{"suffix", "https://mirth.example.org.evil:8443", false},
		{"backslash", `https://mirth.example.org\@evil:8443`, false},
		{"two authorities", "https://mirth.example.org:443@evil:443", false},
		{"encoded dot", "https://mirth%2eexample.org:8443", false},
		{"trailing dot", "https://mirth.example.org.:8443", false},
		{"other port", "https://mirth.example.org", false},
		{"http", "http://mirth.example.org:8443", false},
		{"scheme relative", "//mirth.example.org:8443", false},
		{"script", "javascript:alert(1)", false},
		{"path", public + "/..//evil", false},
		{"query", public + "?x=evil", false},
		{"homograph", "https://mïrth.example.org:8443", false},
		{"IPv6", "https://[::1]:8443", false},
		{"long", "https://" + strings.Repeat("a", 20000), false},
		{"list", public + ", https://evil.example", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checked := len(s.world.attempts)
			for _, password := range []string{"right", "wrong", ""} {
				got := s.first(t, "admin", password, "X-Mirth-Server-Url", tt.header)
				hint := got.StatusCode == 401 && strings.Contains(got.body, "X-Mirth-Server-Url") && !strings.Contains(got.body, "authURL")
				if hint == tt.ok {
					t.Errorf("password %q: %d %s, hint wanted: %v", password, got.StatusCode, got.body, !tt.ok)
				}
				if strings.Contains(got.body, "evil") {
					t.Errorf("answer reflects the header: %s", got.body)
				}
			}
			if !tt.ok && len(s.world.attempts) != checked {
				t.Error("the password was checked all the same")
			}
		})
	}
	two := s.first(t, "admin", "right", "X-Mirth-Server-Url", public, "X-Mirth-Server-Url", "https://evil.example")
	if !strings.Contains(two.body, "X-Mirth-Server-Url") {
		t.Errorf("two headers = %s, want the hint", two.body)
	}
	s.first(t, "admin", "right", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "http", "X-Forwarded-Prefix", "//evil", "X-Forwarded-Port", "1")
	for _, b := range s.world.begun {
		if !strings.HasPrefix(b.RedirectURI, public+"/api/4.5.2/") && !strings.HasPrefix(b.RedirectURI, "https://localhost:8443/api/4.5.2/") {
			t.Errorf("redirect URI %q is not ours", b.RedirectURI)
		}
	}
}

// Threat T006: one answer to all who are refused. Threat T001: an empty
// password never reaches the directory. Threat T029: what was typed is not in
// the answer.
func TestRefusedPasswords(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	var reference answer
	for i, tt := range []struct {
		name, body string
		attempts   int
		event      audit.Event
	}{
		{"wrong", form("username", "admin", "password", "no"), 1, audit.Event{Username: "admin"}},
		{"unknown", form("username", "nobody", "password", "right"), 1, audit.Event{UnknownUsername: "nobody"}},
		{"empty password", form("username", "admin", "password", ""), 0, audit.Event{Username: "admin", Reason: "empty_password"}},
		{"missing password", form("username", "admin"), 0, audit.Event{Username: "admin", Reason: "empty_password"}},
		{"empty username", form("username", "", "password", "right"), 0, audit.Event{Reason: "empty_password"}},
		{"missing username", form("password", "right"), 0, audit.Event{Reason: "empty_password"}},
		{"markup", form("username", "</message><status>SUCCESS</status>", "password", "x"), 1, audit.Event{UnknownUsername: "</message><status>SUCCESS</status>"}},
		{"controls", form("username", "a\x00\x1b[31m\u202e", "password", "x"), 1, audit.Event{UnknownUsername: "a\x00\x1b[31m\u202e"}},
	} {
		before, events := len(s.world.attempts), len(s.world.events)
		got := s.send(t, "POST", "/api/users/_login", tt.body, "X-Mirth-Server-Url", public)
		if i == 0 {
			reference = got
			if got.StatusCode != 401 || got.body != deniedXML {
				t.Fatalf("%s = %d %s", tt.name, got.StatusCode, got.body)
			}
		}
		sameAnswer(t, tt.name, got, reference)
		if n := len(s.world.attempts) - before; n != tt.attempts {
			t.Errorf("%s: %d attempts at the directory, want %d", tt.name, n, tt.attempts)
		}
		e := s.world.events[events]
		if e.Name != audit.PrimaryRefused || e.Username != tt.event.Username || e.UnknownUsername != tt.event.UnknownUsername || e.Reason != tt.event.Reason || e.RequestID == "" || !e.Source.IsValid() {
			t.Errorf("%s: audit %+v", tt.name, e)
		}
	}
	if got := s.first(t, "admin", "no", "Accept", "application/json"); got.body != deniedJSON {
		t.Errorf("JSON = %s", got.body)
	}
}

// sameAnswer compares status, body and headers but for the date.
func sameAnswer(t *testing.T, name string, got, want answer) {
	t.Helper()
	g, w := got.Header.Clone(), want.Header.Clone()
	g.Del("Date")
	w.Del("Date")
	if got.StatusCode != want.StatusCode || got.body != want.body || !equalHeaders(g, w) {
		t.Errorf("%s: %d %v\n%s\nwant %d %v\n%s", name, got.StatusCode, g, got.body, want.StatusCode, w, want.body)
	}
}

func equalHeaders(a, b http.Header) bool {
	if len(a) != len(b) {
		return false
	}
	for name, values := range a {
		if !slices.Equal(values, b[name]) {
			return false
		}
	}
	return true
}

// Every trouble of the first call has its answer, and none of them says more
// (threat T169).
func TestTroubleAtTheFirstCall(t *testing.T) {
	t.Parallel()
	const stock = "Jersey/2.22.1 (Mirth Server Connection)"
	for _, tt := range []struct {
		name      string
		primary   error
		begin     error
		agent     string
		status    int
		word      string
		text      string
		retry     string
		lastEvent audit.Name
	}{
		{name: "throttled", primary: &primary.ThrottledError{RetryAfter: 90 * time.Second}, status: 429, word: "FAIL_LOCKED_OUT", text: "Too many attempts", retry: "90", lastEvent: audit.PrimaryThrottled},
		{name: "throttled for a moment", primary: &primary.ThrottledError{RetryAfter: time.Millisecond}, status: 429, word: "FAIL_LOCKED_OUT", text: "Too many attempts", retry: "1", lastEvent: audit.PrimaryThrottled},
		{name: "throttled stock client", primary: &primary.ThrottledError{RetryAfter: time.Second}, agent: stock, status: 401, word: "FAIL_LOCKED_OUT", text: "Too many attempts", retry: "1", lastEvent: audit.PrimaryThrottled},
		{name: "directory down", primary: errors.Join(primary.ErrUnavailable, errDisk), status: 503, word: "FAIL", text: "cannot check sign-ins", retry: "5", lastEvent: audit.PrimaryError},
		{name: "directory odd", primary: errDisk, status: 503, word: "FAIL", text: "cannot check sign-ins", retry: "5", lastEvent: audit.PrimaryError},
		{name: "too many pending", begin: mfa.ErrTooManyPending, status: 429, word: "FAIL_LOCKED_OUT", text: "Too many attempts", retry: "60", lastEvent: audit.PrimaryOK},
		{name: "Duo down", begin: errors.Join(mfa.ErrSecondFactorUnavailable, duoclient.ErrOutage), status: 401, word: "FAIL", text: "second factor is unavailable", lastEvent: audit.PrimaryOK},
		{name: "Duo keys", begin: errors.Join(mfa.ErrSecondFactorUnavailable, duoclient.ErrMisconfigured), status: 401, word: "FAIL", text: "second factor is unavailable", lastEvent: audit.PrimaryOK},
		{name: "store down", begin: errors.Join(mfa.ErrUnavailable, errDisk), status: 503, word: "FAIL", text: "cannot check sign-ins", retry: "5", lastEvent: audit.PrimaryOK},
		{name: "unknown", begin: errDisk, status: 503, word: "FAIL", text: "cannot check sign-ins", retry: "5", lastEvent: audit.PrimaryOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if tt.primary != nil {
				w.authenticate = func(primary.Attempt) (primary.Result, error) { return primary.Result{}, tt.primary }
			}
			w.begin = func(mfa.BeginRequest) (mfa.Begun, error) { return mfa.Begun{}, tt.begin }
			got := newSite(t, w).first(t, "admin", "right", "User-Agent", tt.agent)
			if got.StatusCode != tt.status || !strings.Contains(got.body, "<status>"+tt.word+"</status>") || !strings.Contains(got.body, tt.text) ||
				got.Header.Get("Retry-After") != tt.retry || got.Header.Get("Set-Cookie") != "" {
				t.Errorf("= %d %v %s", got.StatusCode, got.Header, got.body)
			}
			if strings.Contains(got.body, "disk") || strings.Contains(got.body, "Duo ") {
				t.Errorf("answer tells the cause: %s", got.body)
			}
			if names := w.names(); names[len(names)-1] != tt.lastEvent {
				t.Errorf("audit = %v, want %s last", names, tt.lastEvent)
			}
		})
	}
}

// Threat T195: what cannot be recorded does not happen.
func TestAuditFirst(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.recordErr = errDisk
	s := newSite(t, w)
	for name, got := range map[string]answer{
		"right":    s.first(t, "admin", "right"),
		"wrong":    s.first(t, "admin", "wrong"),
		"no URL":   s.first(t, "admin", "right", "X-Mirth-Server-Url", ""),
		"bad form": s.send(t, "POST", "/api/users/_login", "%zz"),
		"bad data": s.send(t, "POST", "/api/users/_login", form("username", "admin"), "X-Mirth-Login-Data", "x"),
	} {
		if got.StatusCode != 503 || got.Header.Get("Retry-After") != "5" || strings.Contains(got.body, "disk") {
			t.Errorf("%s = %d %s, want 503", name, got.StatusCode, got.body)
		}
	}
	if len(w.begun) != 0 {
		t.Error("a prompt began without a record of the password")
	}
}

// A broken answer of the flow opens nothing.
func TestBeginWithNothing(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin = func(mfa.BeginRequest) (mfa.Begun, error) { return mfa.Begun{}, nil }
	if got := newSite(t, w).first(t, "admin", "right"); got.StatusCode != 503 || len(w.started) != 0 {
		t.Errorf("= %d, %d sessions; want 503 and none", got.StatusCode, len(w.started))
	}
	w = newWorld()
	w.begin = func(mfa.BeginRequest) (mfa.Begun, error) {
		return mfa.Begun{Challenge: &mfa.Challenge{AuthURL: ":"}}, nil
	}
	if got := newSite(t, w).first(t, "admin", "right"); got.StatusCode != 503 {
		t.Errorf("= %d, want 503", got.StatusCode)
	}
}

// Threat T097: a session without a second factor is marked and read-only.
func TestFailOpen(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.begin = func(r mfa.BeginRequest) (mfa.Begun, error) {
		return mfa.Begun{Grant: &mfa.Grant{Username: r.Username, UserID: r.UserID, Primary: r.Primary, FailOpen: true}}, nil
	}
	got := newSite(t, w).first(t, "duo1", "right")
	if got.StatusCode != 200 || !strings.Contains(got.body, "<status>SUCCESS</status>") || got.Header.Get("Set-Cookie") == "" {
		t.Fatalf("= %d %s", got.StatusCode, got.body)
	}
	if st := w.started[0]; !st.FailOpen || !st.ReadOnly || st.Administrator || st.Username != "duo1" {
		t.Errorf("session = %+v", st)
	}
}

// The formats are chosen as captures 01a-01f and 05z6 show.
func TestAccept(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	for _, tt := range []struct {
		accept []string
		status int
		typ    string
	}{
		{[]string{"application/xml"}, 401, "application/xml"},
		{[]string{"application/json"}, 401, "application/json"},
		{[]string{"*/*"}, 401, "application/xml"},
		{nil, 401, "application/xml"},
		{[]string{"application/json;q=0.9, application/xml;q=0.1"}, 401, "application/json"},
		{[]string{"application/xml", "application/json"}, 401, "application/xml"},
		{[]string{"text/html"}, 406, ""},
		{[]string{"text/plain"}, 406, ""},
	} {
		headers := []string{"Accept", ""}
		if tt.accept != nil {
			headers = nil
		}
		for _, a := range tt.accept {
			headers = append(headers, "Accept", a)
		}
		got := s.first(t, "admin", "wrong", headers...)
		if got.StatusCode != tt.status || got.Header.Get("Content-Type") != tt.typ {
			t.Errorf("Accept %q = %d %q, want %d %q", tt.accept, got.StatusCode, got.Header.Get("Content-Type"), tt.status, tt.typ)
		}
	}
}

// Threat T015: the trail says that a one-time password is spent.
func TestOneTimePasswordIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.users[0].Bootstrap = true
	newSite(t, w).first(t, w.users[0].Username, "right")
	if got, want := w.names(), []audit.Name{audit.PrimaryOK, audit.BootstrapUsed}; !slices.Equal(got, want) {
		t.Errorf("audit = %v, want %v", got, want)
	}
}
