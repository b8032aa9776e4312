package portal_test

import (
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/primary"
	"mfaserver/internal/rules"
	"mfaserver/internal/secret"
	"mfaserver/internal/selfservice"
	"mfaserver/internal/throttle"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/web"
	"mfaserver/web/portal"
)

const password = "correct horse battery"

// house is a server with a portal: every room is the real one, Duo the
// simulator, and passwords are a small directory's.
type house struct {
	*httptest.Server
	duo      *duotest.Server
	trail    *audittest.Memory
	codes    *token.Codes
	sessions *session.Manager
	people   *people
	mux      http.Handler
	portal   *portal.Portal
	ahead    atomic.Int64 // how far the portal's clock is ahead
	console  *console
	bends    []bend
	noTrail  atomic.Bool // the trail cannot be read
}

// bend changes a portal before it is made.
type bend func(c *portal.Config, d *portal.Deps)

// console is one that lets everybody in who may see it.
type console struct{ hidden, refuses atomic.Bool }

func (c *console) Visible(*http.Request) bool { return !c.hidden.Load() }

func (c *console) Open(_ context.Context, w http.ResponseWriter, _ *http.Request, g *mfa.Grant, page session.Session) (bool, error) {
	if c.refuses.Load() || g.Username != page.Username {
		return false, nil
	}
	w.Header().Add("Set-Cookie", "__Host-mfa_console=opened; Path=/; Secure")
	return true, nil
}

// people is a directory whose users have one password, and whose accepted
// passwords carry something.
type people struct {
	mu       sync.Mutex
	carried  int
	released []string
	err      error
}

func (p *people) Authenticate(_ context.Context, a primary.Attempt) (primary.Result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return primary.Result{}, p.err
	}
	if a.Password.Reveal() != password {
		return primary.Result{}, &primary.RefusedError{Reason: primary.ReasonWrongPassword}
	}
	p.carried++
	return primary.Result{User: primary.User{ID: 7, Username: strings.ToLower(a.Username)}, Status: primary.StatusSuccess, Carry: []byte("sealed")}, nil
}

func (p *people) Release(_ context.Context, _ string, carry []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.released = append(p.released, string(carry))
}

// counts are how many carries were given out and taken back.
func (p *people) counts() (carried, released int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.carried, len(p.released)
}

func (p *people) refuse(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// DevicesAdded implements [portal.Additions] on the trail.
func (h *house) DevicesAdded(_ context.Context, username string, since time.Time, most int) ([]audit.Entry, error) {
	if h.noTrail.Load() {
		return nil, errors.New("the trail cannot be read")
	}
	var all []audit.Entry
	for _, e := range slices.Backward(h.trail.Find(audit.DeviceAdded)) {
		if e.Username == username && len(all) < most && time.Now().After(since) {
			all = append(all, audit.Entry{Event: e, Time: time.Now()})
		}
	}
	return all, nil
}

// carries lets the flow release through the same directory.
type carries struct{ *people }

func (c carries) Release(ctx context.Context, username string, carry mfa.Carry) {
	c.people.Release(ctx, username, carry)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newHouse starts one; Duo answers by itself as mode says.
func newHouse(t *testing.T, mode duotest.Mode, rows ...rules.Rule) *house {
	t.Helper()
	return newBentHouse(t, mode, rows)
}

func newBentHouse(t *testing.T, mode duotest.Mode, rows []rules.Rule, bends ...bend) *house {
	t.Helper()
	h := &house{trail: &audittest.Memory{}, people: &people{}, console: &console{}, bends: bends}
	var err error
	h.duo, err = duotest.NewServer(duotest.Config{
		Auto: mode,
		Users: []duotest.User{
			{Name: "alice", Phones: []duotest.Phone{duotest.Smartphone("+17345550100")}},
			{Name: "root", Phones: []duotest.Phone{duotest.Smartphone("+17345550111")}},
		},
	})
	must(t, err)
	t.Cleanup(h.duo.Close)
	h.Server = httptest.NewUnstartedServer(nil)
	publicURL := "https://" + h.Listener.Addr().String()
	h.Config = web.HTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }), slog.New(slog.DiscardHandler))
	h.mux = h.build(t, publicURL, rows)
	h.StartTLS()
	t.Cleanup(h.Close)
	return h
}

func (h *house) build(t *testing.T, publicURL string, rows []rules.Rule) http.Handler {
	t.Helper()
	set, err := rules.New(rules.Config{Rules: rows})
	must(t, err)
	flow := h.flow(t)
	h.sessions, err = session.New(session.Config{Store: session.NewMemoryStore(), Recorder: h.trail})
	must(t, err)
	h.codes, err = token.NewCodes(token.CodesConfig{Store: token.NewMemoryCodes(), Recorder: h.trail})
	must(t, err)
	limiter, err := throttle.New(throttle.Config{})
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	deps := portal.Deps{
		Authenticator: h.people, Login: flow, Sessions: h.sessions, Codes: h.codes, Notes: notes{}, Recorder: h.trail, Rules: set,
		Releaser: h.people, Devices: h.devices(t), Console: h.console, Additions: h,
	}
	config := portal.Config{
		PublicURLs: []string{publicURL}, Client: web.Clients(nil), Logger: log, EnrolmentContact: "the help desk",
		Administrators: []string{"root"}, Now: func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) },
	}
	for _, bend := range h.bends {
		bend(&config, &deps)
	}
	h.portal, err = portal.New(config, deps)
	must(t, err)
	handler, err := web.New(web.Config{PublicURLs: []string{publicURL}, ServerVersion: "4.5.2", Logger: log}, web.Deps{
		Authenticator: h.people, Directory: notes{}, Login: flow, Prompts: flow, Sessions: h.sessions, SessionKeeper: h.sessions, Notes: notes{},
		SecondCalls: limiter, Recorder: h.trail, Rules: set, Proofs: flow, Codes: h.codes, Accounts: &mfatest.Accounts{}, Upstream: adopter{h.people},
		Rooms: []web.Room{{Path: web.PortalPath, Handler: h.portal}},
	})
	must(t, err)
	return handler
}

// devices asks the simulator's Admin API.
func (h *house) devices(t *testing.T) portal.Devices {
	t.Helper()
	ca, err := duoclient.CAPEM(h.duo.CA().CertPEM())
	must(t, err)
	k := h.duo.Credentials()
	desk, err := helpdesk.New(helpdesk.Config{Recorder: h.trail, Organizations: []helpdesk.OrgConfig{{Name: "default", Admin: &duoclient.APIConfig{
		IntegrationKey: k.AdminKey, SecretKey: secret.New(k.AdminSecret), APIHost: h.duo.APIHost, CA: ca, Simulator: true,
	}}}})
	must(t, err)
	t.Cleanup(desk.Close)
	org, err := desk.Org("")
	must(t, err)
	// Nothing is remembered: each question is minutes after the one before.
	var asked atomic.Int64
	own, err := selfservice.New(selfservice.Config{
		Recorder: h.trail,
		Org:      org, DuoUsername: func(name string) (string, error) { return name, nil },
		Now: func() time.Time { return time.Now().Add(time.Duration(asked.Add(1)) * 10 * time.Second) },
	})
	must(t, err)
	return own
}

func (h *house) flow(t *testing.T) *mfa.Flow {
	t.Helper()
	ca, err := duoclient.CAPEM(h.duo.CA().CertPEM())
	must(t, err)
	k := h.duo.Credentials()
	universal, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: k.ClientID, ClientSecret: secret.New(k.ClientSecret), APIHost: h.duo.APIHost, CA: ca, Simulator: true,
	})
	must(t, err)
	memory := mfa.NewMemory()
	flow, err := mfa.New(mfa.Config{
		SecondFactor: universal, Transactions: memory, Sources: memory, Codes: memory, Accounts: &mfatest.Accounts{}, Recorder: h.trail,
		Releaser: carries{h.people},
	})
	must(t, err)
	return flow
}

// adopter takes carries over for the login API.
type adopter struct{ *people }

func (adopter) Adopt(context.Context, string, []byte) error { return nil }

// person is somebody with a browser.
type person struct {
	t      *testing.T
	h      *house
	client *http.Client
	site   string // what the browser says of where a request comes from
}

func (h *house) person(t *testing.T) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	client := *h.Client()
	client.Jar = jar
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(client.CloseIdleConnections)
	return &person{t: t, h: h, client: &client, site: "same-origin"}
}

// page is an answer as a person sees it.
type page struct {
	*http.Response
	body string
}

func (p *person) do(method, target string, form url.Values) page {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.h.URL+target, strings.NewReader(form.Encode()))
	must(p.t, err)
	if p.site != "" {
		r.Header.Set("Sec-Fetch-Site", p.site)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := p.client.Do(r)
	must(p.t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	must(p.t, err)
	return page{resp, string(b)}
}

func (p *person) get(target string) page { return p.do(http.MethodGet, target, nil) }

// signIn fills in the form and sends it.
func (p *person) signIn(username, password, want string) page {
	p.t.Helper()
	form := p.get("/mfa/").field("form")
	return p.do(http.MethodPost, "/mfa/sign-in", url.Values{"form": {form}, "username": {username}, "password": {password}, "want": {want}})
}

// atDuo opens the prompt that an answer leads to, and returns where Duo sends
// the browser.
func (p *person) atDuo(answer page) string {
	p.t.Helper()
	_, to, ok := strings.Cut(answer.Header.Get("Refresh"), "url=")
	if !ok {
		p.t.Fatalf("sign-in = %d %s", answer.StatusCode, answer.body)
	}
	client := *p.h.duo.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p.t.Cleanup(client.CloseIdleConnections)
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, to, nil)
	must(p.t, err)
	resp, err := client.Do(r)
	must(p.t, err)
	_ = resp.Body.Close()
	back, err := resp.Location()
	must(p.t, err)
	if origin := back.Scheme + "://" + back.Host; origin != p.h.URL {
		p.t.Fatalf("Duo sends the browser to %s", back)
	}
	return back.RequestURI()
}

// in signs somebody in and returns him with his session.
func (h *house) in(t *testing.T, username string) *person {
	t.Helper()
	p := h.person(t)
	if got := p.get(p.atDuo(p.signIn(username, password, "session"))); got.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign-in of %s = %d %s", username, got.StatusCode, got.body)
	}
	return p
}

// post sends a form of the portal, with the value that its pages carry.
func (p *person) post(target string, fields ...string) page {
	p.t.Helper()
	form := url.Values{"form": {p.get("/mfa/").field("form")}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return p.do(http.MethodPost, target, form)
}

// notice is what a page says of the last action.
func (g page) notice() string { return g.text("notice") }

// text is what an element with an id holds, without its markup.
func (g page) text(id string) string {
	start := regexp.MustCompile(`<(\w+)[^>]* id="` + id + `"[^>]*>`).FindStringSubmatchIndex(g.body)
	if start == nil {
		return ""
	}
	inner, _, _ := strings.Cut(g.body[start[1]:], "</"+g.body[start[2]:start[3]]+">")
	return html.UnescapeString(strings.TrimSpace(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(inner, "")))
}

func (g page) field(name string) string {
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(g.body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// code is the sign-in code on a page.
func (g page) code() string {
	found := regexp.MustCompile(`(?s)<textarea id="code"[^>]*>(.*?)</textarea>`).FindStringSubmatch(g.body)
	if found == nil {
		return ""
	}
	return found[1]
}

func (g page) heading() string {
	_, rest, _ := strings.Cut(g.body, "<h1>")
	text, _, _ := strings.Cut(rest, "</h1>")
	return html.UnescapeString(text)
}

// login makes a login at the API with one call.
func (h *house) login(t *testing.T, username, password string) (int, string) {
	t.Helper()
	form := url.Values{"username": {username}, "password": {password}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/users/_login", strings.NewReader(form.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Requested-With", "test")
	resp, err := h.Client().Do(r)
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, string(b)
}
