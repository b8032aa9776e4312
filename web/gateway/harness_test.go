package gateway_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
	"mfaserver/session"
	"mfaserver/web/gateway"
)

// canary is in every cookie of the engine in these tests.
const canary = "c4n4ry"

// plainCookies take a carry for the cookie itself.
type plainCookies struct{}

var errCarry = errors.New("carry cannot be opened")

func (plainCookies) Cookie(_ string, carry []byte) (secret.Secret, error) {
	if len(carry) == 0 {
		return secret.Secret{}, errCarry
	}
	return secret.New(string(carry)), nil
}

// fakeEngine answers what is public.
type fakeEngine struct {
	version func() (string, error)
	status  func() (mirth.Int, error)
	openAPI func() ([]byte, error)
}

func (e fakeEngine) Version(context.Context) (string, error)   { return e.version() }
func (e fakeEngine) Status(context.Context) (mirth.Int, error) { return e.status() }
func (e fakeEngine) OpenAPI(context.Context) ([]byte, error)   { return e.openAPI() }

func newFakeEngine() fakeEngine {
	return fakeEngine{
		version: func() (string, error) { return "4.5.2", nil },
		status:  func() (mirth.Int, error) { return 0, nil },
		openAPI: func() ([]byte, error) { return []byte(`{"openapi":"3.0.1"}`), nil },
	}
}

// house is a gateway with real sessions behind a real server.
type house struct {
	*gateway.Gateway
	URL      string
	Front    *httptest.Server
	Sessions *session.Manager
	Trail    *audittest.Memory
	Client   *http.Client
}

// newHouse starts a gateway to where config says.
func newHouse(tb testing.TB, change func(*gateway.Config)) *house {
	tb.Helper()
	h := &house{Trail: &audittest.Memory{}}
	manager, err := session.New(session.Config{Store: session.NewMemoryStore(), Recorder: h.Trail, PerUser: 10_000})
	if err != nil {
		tb.Fatal(err)
	}
	h.Sessions = manager
	h.Gateway = newGateway(tb, h, change)
	h.Front = newFront(tb, http.HandlerFunc(h.serve))
	h.URL = h.Front.URL
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	tb.Cleanup(transport.CloseIdleConnections)
	h.Client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return h
}

// serverTimeout is what a server gives a short exchange: less than the long
// ones of these tests take.
const serverTimeout = 2 * time.Second

// clientAddr is the peer, or what a proxy in 192.0.2.0/24 says last.
func clientAddr(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	forwarded := r.Header["X-Forwarded-For"]
	if len(forwarded) > 0 && netip.MustParsePrefix("192.0.2.0/24").Contains(addr) {
		return netip.MustParseAddr(forwarded[len(forwarded)-1])
	}
	return addr
}

// newFront starts a server with the limits of the real one.
func newFront(tb testing.TB, handler http.Handler) *httptest.Server {
	tb.Helper()
	front := unstarted(handler)
	front.Start()
	tb.Cleanup(front.Close)
	return front
}

func unstarted(handler http.Handler) *httptest.Server {
	front := httptest.NewUnstartedServer(nil)
	front.Config = &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: serverTimeout, WriteTimeout: serverTimeout,
		IdleTimeout: time.Minute, DisableGeneralOptionsHandler: true, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	return front
}

func newGateway(tb testing.TB, h *house, change func(*gateway.Config)) *gateway.Gateway {
	tb.Helper()
	transport := engineTransport()
	tb.Cleanup(transport.CloseIdleConnections)
	c := gateway.Config{
		Transport: transport,
		Engine:    newFakeEngine(),
		Client:    clientAddr,
		Cookies:   plainCookies{},
		Sessions:  h.Sessions,
		Recorder:  h.Trail,
		Logger:    slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&c)
	}
	g, err := gateway.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func engineTransport() *http.Transport {
	return &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64, ResponseHeaderTimeout: time.Minute}
}

// to aims a gateway at an engine.
func to(w *wire) func(*gateway.Config) {
	return func(c *gateway.Config) { c.Target = w.URL }
}

// serve is what the server around does: no session, no gateway.
func (h *house) serve(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Test-Files") != "" || !strings.HasPrefix(r.URL.Path, "/api/") || h.PublicFile(r.URL.Path) {
		h.Files().ServeHTTP(w, r)
		return
	}
	switch r.URL.Path {
	case "/api/server/version":
		h.Version(w, r)
		return
	case "/api/server/status":
		h.Status(w, r)
		return
	case "/api/openapi.json":
		h.OpenAPI(w, r)
		return
	}
	s, err := h.Sessions.Load(r)
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	h.Serve(w, r, s)
}

// signIn opens a session that carries the cookie of the engine, and returns
// our own.
func (h *house) signIn(tb testing.TB, username, carry string) (session.Session, *http.Cookie) {
	tb.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/api/users/_login", http.NoBody)
	s, err := h.Sessions.Start(tb.Context(), rec, r, session.Session{Username: username, UserID: 1, Carry: []byte(carry)})
	if err != nil {
		tb.Fatal(err)
	}
	return s, rec.Result().Cookies()[0]
}

// request makes one with what every client of the engine sends.
func (h *house) request(tb testing.TB, method, target string, body io.Reader, cookie *http.Cookie) *http.Request {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, h.URL+target, body)
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("X-Requested-With", "test")
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return r
}

// do sends r and returns the answer with its body read.
func (h *house) do(tb testing.TB, r *http.Request) (*http.Response, string) {
	tb.Helper()
	res, err := h.Client.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer closing(res.Body)
	body, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return res, string(body)
}

// get sends a GET for a session.
func (h *house) get(tb testing.TB, target string, cookie *http.Cookie) (*http.Response, string) {
	tb.Helper()
	return h.do(tb, h.request(tb, http.MethodGet, target, http.NoBody, cookie))
}

// request is a GET for a test without a connection.
func request(target string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, http.NoBody)
	r.Header.Set("X-Requested-With", "test")
	return r
}

// bare is a request as a server reads it from a line with the path alone.
func bare(target string) *http.Request {
	r := request(target)
	r.URL.Scheme, r.URL.Host, r.RequestURI = "", "", target
	return r
}

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// closing closes what is of no more use.
func closing(c io.Closer) { _ = c.Close() }
