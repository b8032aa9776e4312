package web_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/primary"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web"
)

const (
	public     = "https://mirth.example.org:8443"
	state      = "dff8bd53717fdbf36d5a6e4e6da6331d6e61"
	code       = "FSVpTN3h5QNMji2uXzKe69Q5qWf0iv7L"
	redirect   = public + "/api/4.5.2/extensions/mfa/duocallback"
	goodID     = "good-session-id"
	authURL    = "https://api-12345678.duosecurity.com/oauth/v1/authorize?scope=openid&response_type=code&redirect_uri=" + redirect + "&client_id=DIXXX&request=a.b.c"
	callbackAt = "/api/4.5.2/extensions/mfa/duocallback"
	goodQuery  = "?state=" + state + "&duo_code=" + code
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is everything behind the server, scripted by each test.
type world struct {
	mu sync.Mutex

	users        []primary.User
	authenticate func(primary.Attempt) (primary.Result, error)
	begin        func(mfa.BeginRequest) (mfa.Begun, error)
	redeem       func(mfa.RedeemRequest) (*mfa.Grant, error)
	view         func(state string, c mfa.Client) (mfa.View, error)
	startErr     error
	loadErr      error
	endErr       error
	recordErr    error
	directoryErr error

	attempts  []primary.Attempt
	begun     []mfa.BeginRequest
	redeemed  []mfa.RedeemRequest
	denied    []string
	started   []session.Session
	abandoned []session.Key
	noted     []string
	events    []audit.Event
	sessions  map[string]session.Session
	log       *strings.Builder
}

func newWorld() *world {
	return &world{
		users: []primary.User{
			{ID: 1, Username: "admin", Role: primary.RoleAdmin, LastLogin: time.UnixMilli(1795308772474)},
			{ID: 2, Username: "duo1", Email: "duo1@example.org", FirstName: "F", LastName: "L & M", LastLogin: time.UnixMilli(1795309733291)},
		},
		sessions: map[string]session.Session{goodID: {Key: session.KeyOf(goodID), UserID: 1, Username: "admin"}},
		log:      &strings.Builder{},
	}
}

func (w *world) Authenticate(_ context.Context, a primary.Attempt) (primary.Result, error) {
	w.mu.Lock()
	w.attempts = append(w.attempts, a)
	w.mu.Unlock()
	if w.authenticate != nil {
		return w.authenticate(a)
	}
	if a.Password.Reveal() != "right" {
		return primary.Result{}, primary.ErrRefused
	}
	u, err := w.Get(context.Background(), a.Username) //nolint:usetesting // no test here
	if err != nil {
		return primary.Result{}, primary.ErrRefused
	}
	return primary.Result{User: u, Status: primary.StatusSuccess}, nil
}

func (w *world) Get(_ context.Context, name string) (primary.User, error) {
	for _, u := range w.users {
		if u.Username == name {
			return u, w.directoryErr
		}
	}
	return primary.User{}, errors.Join(w.directoryErr, primary.ErrUserUnknown)
}

func (w *world) GetID(_ context.Context, id int) (primary.User, error) {
	for _, u := range w.users {
		if u.ID == id {
			return u, w.directoryErr
		}
	}
	return primary.User{}, primary.ErrUserUnknown
}

func (w *world) Begin(_ context.Context, r mfa.BeginRequest) (mfa.Begun, error) {
	w.mu.Lock()
	w.begun = append(w.begun, r)
	w.mu.Unlock()
	if w.begin != nil {
		return w.begin(r)
	}
	return mfa.Begun{Challenge: &mfa.Challenge{
		AuthURL: authURL, RedirectURI: r.RedirectURI, Primary: r.Primary, Binding: "binding-value", ExpiresAt: noon.Add(10 * time.Minute),
	}}, nil
}

func (w *world) Redeem(_ context.Context, r mfa.RedeemRequest) (*mfa.Grant, error) {
	w.mu.Lock()
	w.redeemed = append(w.redeemed, r)
	w.mu.Unlock()
	if w.redeem != nil {
		return w.redeem(r)
	}
	return &mfa.Grant{Username: "admin", UserID: 1, Primary: "SUCCESS", Transaction: "abc", Factor: "duo_push"}, nil
}

func (w *world) View(_ context.Context, st string, c mfa.Client) (mfa.View, error) {
	if w.view != nil {
		return w.view(st, c)
	}
	if st != state {
		return mfa.View{}, errors.Join(mfa.ErrRefused, mfa.ErrUnknownState)
	}
	return goodView(), nil
}

func goodView() mfa.View {
	return mfa.View{
		Username: "admin", Primary: "SUCCESS", RedirectURI: redirect, StartedAt: noon, ExpiresAt: noon.Add(10 * time.Minute),
		Addr: "127.0.0.1", UserAgent: "curl/7.88.1", Phase: mfa.Pending, SameClient: true,
	}
}

func (w *world) Deny(_ context.Context, st string, _ mfa.Client) error {
	if st != state {
		return errors.Join(mfa.ErrRefused, mfa.ErrUnknownState)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.denied = append(w.denied, st)
	return nil
}

func (w *world) Start(_ context.Context, rw http.ResponseWriter, _ *http.Request, s session.Session) (session.Session, error) {
	if w.startErr != nil {
		return session.Session{}, w.startErr
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s.Key = session.KeyOf("new-session-id")
	w.started = append(w.started, s)
	w.sessions["new-session-id"] = s
	http.SetCookie(rw, &http.Cookie{Name: "JSESSIONID", Value: "new-session-id", Path: "/api", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return s, nil
}

func (w *world) Load(r *http.Request) (session.Session, error) {
	if w.loadErr != nil {
		return session.Session{}, w.loadErr
	}
	c, err := r.Cookie("JSESSIONID")
	if err != nil {
		return session.Session{}, session.ErrNoCookie
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sessions[c.Value]
	if !ok {
		return session.Session{}, session.ErrNotFound
	}
	return s, nil
}

func (w *world) End(_ context.Context, rw http.ResponseWriter, r *http.Request) (session.Session, error) {
	s, err := w.Load(r)
	if err != nil {
		return s, err
	}
	if w.endErr != nil {
		return s, w.endErr
	}
	http.SetCookie(rw, &http.Cookie{Name: "JSESSIONID", Path: "/api", MaxAge: -1, Secure: true, HttpOnly: true})
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.sessions, goodID)
	return s, nil
}

func (w *world) Abandon(_ context.Context, k session.Key) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abandoned = append(w.abandoned, k)
	return nil
}

func (w *world) NoteLogin(_ context.Context, name string, _ netip.Addr) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noted = append(w.noted, name)
	return nil
}

func (w *world) Record(_ context.Context, e audit.Event) error {
	if w.recordErr != nil {
		return w.recordErr
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
	return nil
}

func (w *world) names() []audit.Name {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []audit.Name
	for _, e := range w.events {
		names = append(names, e.Name)
	}
	return names
}

// directory and keeper have methods of the same names, so they are apart.
type directory struct{ *world }

func (d directory) List(context.Context) ([]primary.User, error) { return d.users, d.directoryErr }

type keeper struct{ *world }

func (k keeper) List(_ context.Context, name string) ([]session.Session, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []session.Session
	for _, s := range k.sessions {
		if s.Username == name {
			list = append(list, s)
		}
	}
	return list, nil
}

// lockedWriter lets the log be read while requests write it.
type lockedWriter struct{ w *world }

func (l lockedWriter) Write(b []byte) (int, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	return l.w.log.Write(b)
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

// config is what most tests want; each may bend it.
func (w *world) config() web.Config {
	return web.Config{
		PublicURLs:    []string{public, "https://localhost:8443"},
		ServerVersion: "4.5.2",
		Now:           func() time.Time { return noon },
		Logger:        slog.New(slog.NewJSONHandler(lockedWriter{w}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func (w *world) deps(t testing.TB) web.Deps {
	t.Helper()
	limiter, err := throttle.New(throttle.Config{Source: throttle.Rule{Limit: 20, Window: time.Minute}, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return web.Deps{
		Authenticator: w, Directory: directory{w}, Login: w, Prompts: w, Sessions: w,
		SessionKeeper: keeper{w}, Notes: w, SecondCalls: limiter, Recorder: w,
	}
}

// site is a server on a real TLS socket.
type site struct {
	*httptest.Server
	world   *world
	handler *web.Server
}

func newSite(t testing.TB, w *world, bend ...func(*web.Config)) *site {
	t.Helper()
	c := w.config()
	for _, b := range bend {
		b(&c)
	}
	h, err := web.New(c, w.deps(t))
	if err != nil {
		t.Fatalf("New() error = %v", err)
	}
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = web.HTTPServer(h, c.Logger)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return &site{Server: srv, world: w, handler: h}
}

// answer is a whole response.
type answer struct {
	*http.Response
	body string
}

// send makes a request the way an engine's client does. headers are name,
// value pairs; "Name", "" removes a default.
func (s *site) send(t testing.TB, method, target, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Requested-With", "OpenAPI")
	r.Header.Set("Accept", "application/xml")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	seen := map[string]bool{}
	for i := 0; i < len(headers); i += 2 {
		name := http.CanonicalHeaderKey(headers[i])
		if !seen[name] {
			r.Header.Del(name)
		}
		seen[name] = true
		if headers[i+1] != "" {
			r.Header.Add(name, headers[i+1])
		}
	}
	client := *s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp, string(b)}
}

// raw sends bytes and reads one response.
func (s *site) raw(t testing.TB, request string) answer {
	t.Helper()
	conn := s.dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("response to %.60q: %v", request, err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return answer{resp, string(b)}
}

func (s *site) dial(t testing.TB) net.Conn {
	t.Helper()
	d := tls.Dialer{Config: &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}}
	conn, err := d.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

const loginData = "admin:SUCCESS:" + code + ":" + state + ":aHR0cHM6Ly9taXJ0aC5leGFtcGxlLm9yZzo4NDQzL2FwaS80LjUuMi9leHRlbnNpb25zL21mYS9kdW9jYWxsYmFjaw=="
