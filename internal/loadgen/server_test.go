package loadgen_test

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mfaserver/internal/loadgen"
	"mfaserver/internal/mirth"
	"mfaserver/internal/secret"
)

const (
	password     = "canary-password"
	callbackPath = "/api/4.5.2/extensions/mfa/duocallback"
)

// server is a server and the simulator behind it, both at one address.
type server struct {
	*httptest.Server

	logins atomic.Int64
	open   atomic.Int64 // sessions
	most   atomic.Int64 // logins under way at a time
	busy   atomic.Int64

	mu    sync.Mutex
	users map[string]int // guarded by mu: first calls by user

	// What happens otherwise than it should.
	authURL   func(s *server, state string) string
	callback  int
	second    func(w http.ResponseWriter)
	onPrompt  func()
	logoutOdd int
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{users: map[string]int{}, callback: http.StatusOK}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/users/_login", s.login)
	mux.HandleFunc("GET /oauth/v1/authorize", s.prompt)
	mux.HandleFunc("GET /frame", s.frame)
	mux.HandleFunc("GET "+callbackPath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(s.callback) })
	mux.HandleFunc("POST /api/users/_logout", s.logout)
	s.Server = httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *server) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func (s *server) config() loadgen.Config {
	return loadgen.Config{
		Server: s.URL, CA: s.pool(), Users: []loadgen.User{{Name: "alice", Password: secret.New(password)}}, Logins: 20, Clients: 4, UserAgent: "test",
	}
}

func say(w http.ResponseWriter, status int, v mirth.Encoder) {
	b, err := mirth.Encode(mirth.FormatXML, v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

func (s *server) login(w http.ResponseWriter, r *http.Request) {
	if data := r.Header.Get("X-Mirth-Login-Data"); data != "" {
		s.busy.Add(-1)
		if s.second != nil {
			s.second(w)
			return
		}
		s.open.Add(1)
		http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "session", Path: "/api"})
		say(w, http.StatusOK, mirth.LoginStatus{Status: mirth.StatusSuccess})
		return
	}
	if r.FormValue("password") != password {
		say(w, http.StatusUnauthorized, mirth.LoginStatus{Status: mirth.StatusFail, Message: "No."})
		return
	}
	s.mu.Lock()
	s.users[r.FormValue("username")]++
	s.most.Store(max(s.most.Load(), s.busy.Add(1)))
	s.mu.Unlock()
	state := fmt.Sprintf("%036x", s.logins.Add(1))
	at := s.URL + "/oauth/v1/authorize?state=" + state
	if s.authURL != nil {
		at = s.authURL(s, state)
	}
	say(w, http.StatusUnauthorized, mirth.DuoLoginStatus{
		Status: mirth.StatusFail, PrimaryStatus: mirth.StatusSuccess, AuthURL: at, RedirectURI: s.URL + callbackPath,
	})
}

// prompt leads over one page of Duo's to the way back.
func (s *server) prompt(w http.ResponseWriter, r *http.Request) {
	if s.onPrompt != nil {
		s.onPrompt()
	}
	http.Redirect(w, r, "/frame?state="+r.FormValue("state"), http.StatusSeeOther)
}

func (s *server) frame(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, s.URL+callbackPath+"?state="+r.FormValue("state")+"&duo_code="+strings.Repeat("c", 32), http.StatusSeeOther)
}

func (s *server) logout(w http.ResponseWriter, _ *http.Request) {
	if s.logoutOdd != 0 {
		w.WriteHeader(s.logoutOdd)
		return
	}
	s.open.Add(-1)
	w.WriteHeader(http.StatusNoContent)
}
