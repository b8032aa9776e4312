package console_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/helpdesk/helpdesktest"
	"mfaserver/internal/people"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/internal/selfservice"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/browser"
	"mfaserver/web/console"
)

const ours = "https://mirth.example.org"

// house is a console with everything behind it, and a simulated Duo.
type house struct {
	*console.Console
	duo      *duotest.Server
	sessions *session.Manager
	accounts *primary.Local
	trail    *audittest.Memory
	lapses   *helpdesktest.Lapses
	login    *login
	world    *world
	org      *helpdesk.Org

	mu     sync.Mutex
	clock  time.Time
	admins []string
	client mfa.Client
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

// Administrator implements [console.Roles].
func (h *house) Administrator(_ context.Context, username string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if username == "trouble" {
		return false, errors.New("directory is down")
	}
	return slices.Contains(h.admins, username), nil
}

// Last implements [console.Records].
func (h *house) Last(_ context.Context, username string, most int) ([]audit.Entry, error) {
	var all []audit.Entry
	for _, e := range h.trail.Events() {
		if e.Username == username && len(all) < most {
			all = append(all, audit.Entry{Event: e, Time: h.now()})
		}
	}
	return all, nil
}

// login is a prompt that approves for whoever it is told.
type login struct {
	mu      sync.Mutex
	begun   mfa.BeginRequest
	grant   *mfa.Grant
	refused error
}

func (l *login) Begin(_ context.Context, r mfa.BeginRequest) (mfa.Begun, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = r
	if l.refused != nil {
		return mfa.Begun{}, l.refused
	}
	return mfa.Begun{Challenge: &mfa.Challenge{
		AuthURL: "https://duo.example.org/oauth", Binding: "bound", Transaction: mfa.KeyOf(state).Handle(), ExpiresAt: time.Now().Add(time.Hour),
	}}, nil
}

func (l *login) View(_ context.Context, _ string, c mfa.Client) (mfa.View, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return mfa.View{Username: l.begun.Username, RedirectURI: l.begun.RedirectURI, Phase: mfa.Pending, SameClient: c.Binding == "bound"}, nil
}

func (l *login) Redeem(context.Context, mfa.RedeemRequest) (*mfa.Grant, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grant == nil {
		return nil, mfa.ErrRefused
	}
	return l.grant, nil
}

func (l *login) Deny(context.Context, string, mfa.Client) error { return nil }

const state = "0123456789abcdef0123456789abcdef0123"

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{
		trail: &audittest.Memory{}, lapses: &helpdesktest.Lapses{}, login: &login{}, clock: time.Now(), admins: []string{"admin"},
		client: mfa.Client{Addr: netip.MustParseAddr("127.0.0.1"), UserAgent: "test/1", RequestID: "req-1"},
	}
	var err error
	phone := duotest.Smartphone("+17345550100")
	phone.Name = "<b>Alice's</b>"
	h.duo, err = duotest.NewServer(duotest.Config{Users: []duotest.User{{Name: "alice", Phones: []duotest.Phone{phone}}, {Name: "admin", Phones: []duotest.Phone{duotest.Smartphone("+17345550111")}}}})
	must(t, err)
	t.Cleanup(h.duo.Close)
	hasher, err := primary.NewArgon2id(primary.Params{Memory: 8, Iterations: 1, Parallelism: 1})
	must(t, err)
	limiter, err := throttle.New(primary.LoginLimits(1))
	must(t, err)
	h.accounts, err = primary.NewLocal(primary.LocalConfig{
		Users: primary.NewMemoryUsers(), Limiter: limiter, Now: h.now, Logger: slog.New(slog.DiscardHandler), Hasher: hasher,
	})
	must(t, err)
	for _, u := range []primary.NewUser{{Username: "admin", Role: primary.RoleAdmin}, {Username: "alice", Role: primary.RoleUser, FirstName: "Alice"}, {Username: "bob", Role: primary.RoleUser}} {
		u.Password = secret.New("correct horse battery " + u.Username)
		_, err := h.accounts.Add(t.Context(), u)
		must(t, err)
	}
	h.sessions, err = session.New(session.Config{Store: session.NewMemoryStore(), Recorder: h.trail, Now: h.now})
	must(t, err)
	h.open(t, h.deps(t))
	return h
}

// open makes the console.
func (h *house) open(t *testing.T, deps console.Deps) {
	t.Helper()
	var err error
	h.Console, err = console.New(console.Config{
		PublicURLs: []string{ours}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Client: func(*http.Request) mfa.Client { return h.client }, Logger: slog.New(slog.DiscardHandler), Now: h.now,
		Hidden: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "hidden", http.StatusNotFound) }),
	}, deps)
	must(t, err)
}

func (h *house) deps(t *testing.T) console.Deps {
	t.Helper()
	keys := h.duo.Credentials()
	ca, err := duoclient.CAPEM(h.duo.CA().CertPEM())
	must(t, err)
	var house *people.People
	signOut := func(ctx context.Context, order helpdesk.Order, name string) (int, error) {
		return house.SignOut(ctx, name, people.Why(order))
	}
	desk, err := helpdesk.New(helpdesk.Config{Recorder: h.trail, SignOut: signOut, Lapses: h.lapses, Organizations: []helpdesk.OrgConfig{{Name: "default", Admin: &duoclient.APIConfig{
		IntegrationKey: keys.AdminKey, SecretKey: secret.New(keys.AdminSecret), APIHost: h.duo.APIHost, CA: ca, Simulator: true,
	}}}})
	must(t, err)
	t.Cleanup(desk.Close)
	org, err := desk.Org("")
	must(t, err)
	h.org = org
	same := func(name string) (string, error) { return name, nil }
	devices, err := selfservice.New(selfservice.Config{Org: org, Recorder: h.trail, DuoUsername: same, Now: h.now})
	must(t, err)
	house, err = people.New(people.Config{
		Accounts: h.accounts, Sessions: h.sessions, Org: org, DuoUsername: same, Recorder: h.trail, Logger: slog.New(slog.DiscardHandler), Now: h.now,
		RevokeTokens: func(ctx context.Context, _, _, _ string) error { return ctx.Err() },
	})
	must(t, err)
	t.Cleanup(house.Close)
	return console.Deps{
		Sessions: h.sessions, Roles: h, Login: h.login, Recorder: h.trail, People: house, Devices: devices, SessionList: h.sessions, Records: h,
		Reports: h.reports(t),
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tab is a browser with its cookies.
type tab struct {
	house   *house
	cookies map[string]string
	// last is the page that is open.
	last string
}

// signIn gives a browser the sessions of a user: of the pages, and of the
// console where it is wanted.
func (h *house) signIn(t *testing.T, username string, kinds ...session.Kind) *tab {
	t.Helper()
	b := &tab{house: h, cookies: map[string]string{}}
	for _, k := range kinds {
		w := httptest.NewRecorder()
		_, err := h.sessions.Start(t.Context(), w, b.request(http.MethodGet, "/", nil), session.Session{
			Username: username, UserID: 1, Administrator: username == "admin", Kind: k, ApprovedAt: h.now(), Source: "127.0.0.1",
		})
		must(t, err)
		b.take(w)
	}
	return b
}

// admin is an administrator who is in.
func (h *house) admin(t *testing.T) *tab {
	t.Helper()
	return h.signIn(t, "admin", session.KindPage, session.KindConsole)
}

func (b *tab) request(method, path string, form url.Values) *http.Request {
	var body io.Reader = http.NoBody
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, ours+path, body)
	r.TLS = &tls.ConnectionState{}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

func (b *tab) take(w *httptest.ResponseRecorder) {
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c.Value
	}
}

func (b *tab) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.house.ServeHTTP(w, r)
	b.take(w)
	b.last = w.Body.String()
	return w
}

// get opens a page below the console's path.
func (b *tab) get(path string) *httptest.ResponseRecorder {
	return b.send(b.request(http.MethodGet, console.Base+path, nil))
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// token is what the forms of this browser carry.
func (b *tab) token() string {
	forms := browser.NewForms(browser.FormsConfig{PublicURLs: []string{ours}})
	return forms.Token(httptest.NewRecorder(), b.request(http.MethodGet, "/", nil), b.cookies["__Host-mfa"])
}

// post sends a form, with the fields that the open page has hidden in it.
func (b *tab) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{"form": {b.token()}}
	if version := b.hidden("version"); version != "" {
		form.Set("version", version)
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.send(b.request(http.MethodPost, console.Base+path, form))
}

// hidden is a field that the open page has hidden in its form.
func (b *tab) hidden(name string) string {
	for _, m := range hidden.FindAllStringSubmatch(b.last, -1) {
		if m[1] == name {
			return m[2]
		}
	}
	return ""
}

// shows reports whether an element with the id is on the page.
func (b *tab) shows(id string) bool { return strings.Contains(b.last, `id="`+id+`"`) }

func (h *house) recorded(name audit.Name) int {
	n := 0
	for _, e := range h.trail.Events() {
		if e.Name == name {
			n++
		}
	}
	return n
}
