package console_test

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/console"
)

// What a route is.
const (
	plain     = iota // an administrator who is in
	sensitive        // and whom Duo has confirmed not long ago
	way              // a way in or out: no session of the console is needed
)

// routes is everything that is served. A route that is not here fails the test,
// and so does one that is no more (threat T157).
var routes = map[string]int{
	"GET /": plain, "POST /enter": way, "GET /confirmed": way, "POST /sign-out": way,

	"GET /users": plain, "POST /users/refresh": plain, "GET /users/{user}": plain,
	"GET /users/{user}/bypass": sensitive, "POST /users/{user}/bypass": sensitive,
	"GET /users/{user}/enrol": sensitive, "POST /users/{user}/enrol": sensitive,
	"GET /users/{user}/reset": sensitive, "POST /users/{user}/reset": sensitive,
	"GET /users/{user}/lock": sensitive, "POST /users/{user}/lock": sensitive,
	"GET /users/{user}/account": sensitive, "POST /users/{user}/account": sensitive,
	"GET /users/{user}/end-sessions": sensitive, "POST /users/{user}/end-sessions": sensitive,

	"GET /overview": plain, "GET /exemptions": plain,
	"GET /pending": plain, "GET /pending/{key}/cancel": plain, "POST /pending/{key}/cancel": plain,
	"GET /organizations": plain, "POST /organizations/refresh": plain, "GET /organizations/state": plain,
	"GET /audit": plain, "GET /audit/record/{sequence}": plain, "GET /audit/login/{transaction}": plain,
	"GET /audit/export/{filter}": sensitive, "POST /audit/export/{filter}": sensitive,
	"GET /audit/verify": plain, "POST /audit/verify": plain, "GET /audit/verify/state": plain,
	"GET /tokens": plain, "GET /tokens/{id}": plain, "GET /tokens/{id}/revoke": sensitive, "POST /tokens/{id}/revoke": sensitive,
	"GET /health": plain, "POST /health/check": plain, "GET /health/state": plain,

	"GET /sessions": plain, "POST /sessions/end": plain,
	"GET /sessions/end-all": sensitive, "POST /sessions/end-all": sensitive,
}

func TestRouteTable(t *testing.T) {
	t.Parallel()
	left := map[string]bool{}
	for key := range routes {
		left[key] = true
	}
	for _, r := range newHouse(t).Routes() {
		key := r.Method + " " + r.Path
		kind, known := routes[key]
		switch {
		case !known:
			t.Errorf("%s is served and not in the table of this test", key)
		case r.Sensitive != (kind == sensitive):
			t.Errorf("%s: sensitive %t, want %t", key, r.Sensitive, !r.Sensitive)
		}
		delete(left, key)
	}
	for key := range left {
		t.Errorf("%s is in the table of this test and not served", key)
	}
}

// each calls use with every route and a path for it.
func each(h *house, use func(r console.Route, path string)) {
	for _, r := range h.Routes() {
		path := r.Path
		for _, value := range []string{"{user}", "{id}", "{session}", "{handle}", "{name}", "{login}"} {
			path = strings.ReplaceAll(path, value, "alice")
		}
		use(r, path)
	}
}

func (b *tab) open(r console.Route, path string) int {
	if r.Method == http.MethodPost {
		return b.post(path).Code
	}
	return b.get(path).Code
}

// Threat T111: what a page asks by itself is no activity of a person.
func TestPassive(t *testing.T) {
	t.Parallel()
	for _, r := range newHouse(t).Routes() {
		if want := strings.HasSuffix(r.Path, "/state"); console.Passive(console.Base+r.Path) != want {
			t.Errorf("Passive(%s) = %t, want %t", r.Path, !want, want)
		}
	}
	for _, path := range []string{"", "/health/state", console.Base, console.Base + "/users/state"} {
		if console.Passive(path) {
			t.Errorf("Passive(%q) = true", path)
		}
	}
}

// Threat T155: from elsewhere there is no console: not even for an
// administrator who is in, nor behind a proxy that nobody vouches for.
func TestHiddenFromOtherNetworks(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]mfa.Client{
		"another network": {Addr: netip.MustParseAddr("192.0.2.7")},
		"no address":      {},
		"forwarded":       {Addr: netip.MustParseAddr("127.0.0.1"), Forwarded: true},
	} {
		h := newHouse(t)
		b := h.admin(t)
		h.client = client
		each(h, func(r console.Route, path string) {
			if code := b.open(r, path); code != http.StatusNotFound || b.last != "hidden\n" {
				t.Errorf("%s: %s %s = %d %q, want what hides it", name, r.Method, path, code, b.last)
			}
		})
		if h.Visible(b.request(http.MethodGet, "/", nil)) {
			t.Errorf("%s: Visible = true", name)
		}
	}
}

// Who is not signed in is sent to sign in, with a word and no address to come
// back to; who has not the role now finds nothing, and that is recorded
// (threat T157).
func TestWhoMayEnter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	nobody, user, open := h.signIn(t, ""), h.signIn(t, "alice", session.KindPage, session.KindConsole), h.signIn(t, "trouble", session.KindPage)
	lost := h.admin(t)
	h.admins = append(h.admins, "helen")
	helen := h.signIn(t, "helen", session.KindPage, session.KindConsole)
	h.admins = []string{"admin"}
	lost.cookies["__Host-mfa"] = "x"
	each(h, func(r console.Route, path string) {
		for name, b := range map[string]*tab{"nobody": nobody, "a cookie that is none": lost} {
			w := b.send(b.request(r.Method, console.Base+path, url.Values{}))
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/mfa/?next=console" {
				t.Errorf("%s: %s %s = %d to %q, want the sign-in", name, r.Method, path, w.Code, w.Header().Get("Location"))
			}
		}
		for name, b := range map[string]*tab{"user": user, "administrator until now": helen} {
			if code := b.open(r, path); code != http.StatusNotFound || b.last != "hidden\n" {
				t.Errorf("%s: %s %s = %d %q, want what hides it", name, r.Method, path, code, b.last)
			}
		}
		if code := open.open(r, path); code != http.StatusServiceUnavailable {
			t.Errorf("role unknown: %s %s = %d, want 503", r.Method, path, code)
		}
	})
	// The first look of each is on record, and the tenth, with how many there were.
	told := map[string]string{}
	for _, e := range h.trail.Find(audit.ConsoleRefused) {
		told[e.Username] += " " + e.Reason + e.Detail["withheld"]
	}
	if told["alice"] != " role role8" || told["helen"] != told["alice"] || len(told) != 2 {
		t.Errorf("the trail tells %q, want the first and the tenth look of both", told)
	}
}

// Threat T155: a sign-in alone does not open the console, nor does somebody
// else's session of it, nor one whose second factor nobody proved.
func TestConsoleNeedsItsOwnSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.admins = append(h.admins, "helen")
	fresh := h.signIn(t, "admin", session.KindPage)
	mixed, helen := h.signIn(t, "admin", session.KindPage), h.signIn(t, "helen", session.KindPage, session.KindConsole)
	mixed.cookies["__Host-mfa_console"] = helen.cookies["__Host-mfa_console"]
	earlier := h.admin(t)
	h.pass(time.Minute)
	earlier.cookies["__Host-mfa"] = h.signIn(t, "admin", session.KindPage).cookies["__Host-mfa"]
	api := h.signIn(t, "admin", session.KindPage, session.KindAPI)
	api.cookies["__Host-mfa_console"] = api.cookies["JSESSIONID"]
	idle := h.admin(t)
	for name, b := range map[string]*tab{"page alone": fresh, "another's": mixed, "the API's id": api, "of an earlier sign-in": earlier} {
		each(h, func(r console.Route, path string) {
			if routes[r.Method+" "+r.Path] == way {
				return
			}
			code := b.open(r, path)
			if want := http.StatusOK; r.Method == http.MethodGet && code != want || r.Method == http.MethodPost && code != http.StatusForbidden || !b.shows("confirm") {
				t.Errorf("%s: %s %s = %d, want the page that leads to Duo", name, r.Method, path, code)
			}
		})
	}
	h.pass(session.DefaultConsoleIdle)
	if idle.get("/users"); !idle.shows("confirm") {
		t.Error("idle for too long, and still in")
	}
}

// Threats T027, T156: a form that is not of this session, or that another site
// posts, does nothing.
func TestFormsMustBeOurs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := h.admin(t)
	b := h.admin(t)
	each(h, func(r console.Route, path string) {
		if r.Method != http.MethodPost {
			return
		}
		for name, bend := range map[string]func(form url.Values, header http.Header){
			"no token":   func(form url.Values, _ http.Header) { form.Del("form") },
			"another's":  func(form url.Values, _ http.Header) { form.Set("form", other.token()) },
			"cross-site": func(_ url.Values, header http.Header) { header.Set("Sec-Fetch-Site", "cross-site") },
			"same-site":  func(_ url.Values, header http.Header) { header.Set("Sec-Fetch-Site", "same-site") },
			"no origin":  func(_ url.Values, header http.Header) { header.Del("Sec-Fetch-Site") },
			"foreign": func(_ url.Values, header http.Header) {
				header.Del("Sec-Fetch-Site")
				header.Set("Origin", "https://evil.example")
			},
			"a field twice": func(form url.Values, _ http.Header) { form.Add("form", form.Get("form")) },
		} {
			form, header := url.Values{"form": {b.token()}, "reason": {"because"}}, http.Header{"Sec-Fetch-Site": {"same-origin"}}
			bend(form, header)
			req := b.request(http.MethodPost, console.Base+path, form)
			req.Header.Del("Sec-Fetch-Site")
			maps.Copy(req.Header, header)
			if w := b.send(req); w.Code != http.StatusBadRequest {
				t.Errorf("%s: POST %s = %d, want 400", name, path, w.Code)
			}
		}
	})
	if live, err := h.sessions.List(t.Context(), ""); err != nil || len(live) != 4 {
		t.Errorf("%d sessions live, %v, want all", len(live), err)
	}
}

// Threats T150, T158: what is sensitive asks Duo again, the form earlier than
// the deed.
func TestStepUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.admin(t)
	asked := func(want bool) func(r console.Route, path string) {
		return func(r console.Route, path string) {
			if routes[r.Method+" "+r.Path] != sensitive || strings.HasPrefix(r.Path, "/sessions/end-all") && !want && r.Method == http.MethodPost {
				return
			}
			if want != (r.Method == http.MethodGet) && want {
				return
			}
			b.open(r, path) // without a reason: nothing is done
			if b.shows("confirm") != want {
				t.Errorf("%s %s at %v asks Duo: %t, want %t", r.Method, path, h.now(), !want, want)
			}
		}
	}
	each(h, asked(false))
	h.pass(5*time.Minute + time.Second)
	each(h, asked(true)) // the forms
	if b.post("/users/alice/reset"); b.shows("confirm") {
		t.Error("POST at 5 minutes asks Duo")
	}
	h.pass(5 * time.Minute)
	b.get("/users")
	for key, kind := range routes {
		if path, isPost := strings.CutPrefix(key, "POST "); isPost && kind == sensitive {
			b.post(strings.ReplaceAll(path, "{user}", "alice"), "reason", "because")
			if !b.shows("confirm") {
				t.Errorf("%s at 10 minutes does not ask Duo", key)
			}
		}
	}
	if b.get("/users"); b.shows("confirm") {
		t.Error("a list asks Duo")
	}
}

// Methods and paths that are not there say so, to those who are in.
func TestNowhere(t *testing.T) {
	t.Parallel()
	b := newHouse(t).admin(t)
	for _, tt := range []struct {
		method, path string
		want         int
		allow        string
	}{
		{http.MethodGet, "/nothing", 404, ""},
		{http.MethodGet, "/users/", 404, ""},
		{http.MethodGet, "/users/~", 404, ""},
		{http.MethodGet, "/users/~YWxpY2U", 404, ""},
		{http.MethodGet, "/users/alice/", 404, ""},
		{http.MethodGet, "/users/nobody", 404, ""},
		{http.MethodGet, "/enter", 405, "POST"},
		{http.MethodPost, "/users", 405, "GET, HEAD"},
		{http.MethodPut, "/users", 405, "GET, HEAD"},
		{http.MethodDelete, "/users/alice/lock", 405, "GET, HEAD, POST"},
		{http.MethodHead, "/users", 200, ""},
		{http.MethodGet, "/users?match=a&match=b", 400, ""},
		{http.MethodGet, "/sessions?after=zz", 400, ""},
	} {
		w := b.send(b.request(tt.method, console.Base+tt.path, nil))
		if w.Code != tt.want || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s = %d, Allow %q, want %d, %q", tt.method, tt.path, w.Code, w.Header().Get("Allow"), tt.want, tt.allow)
		}
	}
}
