package adminapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/internal/adminops"
	"mfaserver/internal/audit/audittest"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/adminapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The sessions there are, by their cookies.
const (
	adminID    = "an-administrator"
	userID     = "a-user"
	failOpenID = "an-administrator-without-second-factor"
	readOnlyID = "an-administrator-who-may-read"
	formerID   = "an-administrator-no-more"
)

// world is everything behind the API, scripted by each test.
type world struct {
	mu sync.Mutex

	do       func(ctx context.Context, c adminops.Call) (adminops.Result, error)
	calls    []adminops.Call
	loadErr  error
	roleErr  error
	client   mfa.Client
	trail    audittest.Memory
	recorder adminapi.Recorder
	log      strings.Builder
}

// Load implements [adminapi.Sessions].
func (w *world) Load(r *http.Request) (session.Session, error) {
	if w.loadErr != nil {
		return session.Session{}, w.loadErr
	}
	c, err := r.Cookie("JSESSIONID")
	if err != nil {
		return session.Session{}, session.ErrNoCookie
	}
	s := session.Session{Key: session.KeyOf(c.Value), Username: "helen", Administrator: true}
	switch c.Value {
	case adminID:
	case userID:
		s.Administrator = false
	case failOpenID:
		s.FailOpen = true
	case readOnlyID:
		s.ReadOnly = true
	case formerID:
		s.Username = "former"
	default:
		return session.Session{}, session.ErrNotFound
	}
	return s, nil
}

// Administrator implements [adminapi.Roles].
func (w *world) Administrator(_ context.Context, username string) (bool, error) {
	return username == "helen", w.roleErr
}

// Known implements [adminapi.Operations].
func (w *world) Known() []adminops.Operation { return adminops.New(nil).Known() }

// Do implements [adminapi.Operations].
func (w *world) Do(ctx context.Context, c adminops.Call) (adminops.Result, error) {
	w.mu.Lock()
	w.calls = append(w.calls, c)
	w.mu.Unlock()
	if w.do != nil {
		return w.do(ctx, c)
	}
	return adminops.Result{Value: map[string]string{"done": c.Operation}}, nil
}

// Write takes the log.
func (w *world) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(b)
}

func (w *world) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.String()
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.calls)
}

// site is the API on a real socket.
type site struct {
	*httptest.Server
	*world
	api *adminapi.API
}

func newSite(t *testing.T, bend ...func(*world)) *site {
	t.Helper()
	w := &world{client: mfa.Client{Addr: netip.MustParseAddr("127.0.0.1"), UserAgent: "test/1", RequestID: "req-1"}}
	for _, f := range bend {
		f(w)
	}
	api, err := adminapi.New(w.config())
	must(t, err)
	s := &site{Server: httptest.NewServer(api), world: w, api: api}
	t.Cleanup(s.Close)
	return s
}

func (w *world) config() adminapi.Config {
	c := adminapi.Config{
		Networks:   []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		Client:     func(*http.Request) mfa.Client { return w.client },
		Sessions:   w,
		Roles:      w,
		Operations: w,
		Recorder:   &w.trail,
		Logger:     slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Now:        time.Now,
	}
	if w.recorder != nil {
		c.Recorder = w.recorder
	}
	return c
}

// answer is a whole response.
type answer struct {
	*http.Response
	body string
}

// send calls as an administrator. headers are name, value pairs; an empty
// value removes a default.
func (s *site) send(t *testing.T, method, target, body string, headers ...string) answer {
	t.Helper()
	return s.as(t, adminID, method, target, body, headers...)
}

func (s *site) as(t *testing.T, id, method, target, body string, headers ...string) answer {
	t.Helper()
	var reader io.Reader = http.NoBody
	if body != "" && method != http.MethodGet {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+adminapi.Base+target, reader)
	must(t, err)
	r.Header.Set("X-Requested-With", "test")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if id != "" {
		r.Header.Set("Cookie", "JSESSIONID="+id)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	resp, err := s.Client().Do(r)
	must(t, err)
	defer resp.Body.Close() //nolint:errcheck // everything was read
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	return answer{resp, string(b)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
