package duoclient_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

const (
	integrationKey = "DIAAAAAAAAAAAAAAAAAA"
	secretKey      = "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep"
	userID         = "DUAAAAAAAAAAAAAAAAAA"
	phoneID        = "DPAAAAAAAAAAAAAAAAAA"
	groupID        = "DGAAAAAAAAAAAAAAAAAA"
	tokenID        = "DHAAAAAAAAAAAAAAAAAA"
	bypassID       = "DBAAAAAAAAAAAAAAAAAA"
	webauthnKey    = "WAAAAAAAAAAAAAAAAAAA"
	adminID        = "DEAAAAAAAAAAAAAAAAAA"
	accountID      = "DAAAAAAAAAAAAAAAAAAA"
	directoryKey   = "DSAAAAAAAAAAAAAAAAAA"
	txid           = "13eb97f2-9008-42f4-b59b-afc7a5edf6a6"
)

// apiRequest is one signed request as the fake saw it.
type apiRequest struct {
	Method, Path string
	Params       url.Values // of the query and of the body
	ContentType  string
	Date         string
	Signed       bool
	Fault        string // why the signature is wrong
}

// apiFake is a server in the place of Duo's signed APIs. It checks every
// signature with a canonicaliser of its own, and answers as the test says.
type apiFake struct {
	*httptest.Server

	ca *testCA

	mu     sync.Mutex
	calls  []apiRequest // guarded by mu
	answer func(n int, r apiRequest, w http.ResponseWriter)
}

func newAPIFake(tb testing.TB) *apiFake {
	tb.Helper()
	f := &apiFake{ca: newTestCA(tb)}
	f.Server = httptest.NewUnstartedServer(f)
	f.TLS = &tls.Config{Certificates: []tls.Certificate{f.ca.issue(tb, time.Now().Add(time.Hour))}, MinVersion: tls.VersionTLS12}
	f.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	f.StartTLS()
	tb.Cleanup(f.Close)
	return f
}

func (f *apiFake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	seen := apiRequest{
		Method: r.Method, Path: r.URL.Path, Params: r.URL.Query(), ContentType: r.Header.Get("Content-Type"),
		Date: r.Header.Get("Date"), Signed: r.Header.Get("Authorization") != "",
	}
	if seen.Signed {
		seen.Fault = signatureFault(r, body)
	}
	readBody(&seen, body)
	f.mu.Lock()
	f.calls = append(f.calls, seen)
	n, answer := len(f.calls), f.answer
	f.mu.Unlock()
	answer(n, seen, w)
}

// readBody adds the parameters of a form or JSON object.
func readBody(seen *apiRequest, body []byte) {
	switch seen.ContentType {
	case "application/x-www-form-urlencoded":
		form, _ := url.ParseQuery(string(body))
		for name, values := range form {
			seen.Params[name] = append(seen.Params[name], values...)
		}
	case "application/json":
		var members map[string]any
		_ = json.Unmarshal(body, &members)
		for name, value := range members {
			if list, ok := value.([]any); ok {
				for _, v := range list {
					seen.Params.Add(name, fmt.Sprint(v))
				}
				continue
			}
			seen.Params.Add(name, fmt.Sprint(value))
		}
	}
}

// set chooses the answers; n counts the requests from 1 on.
func (f *apiFake) set(answer func(n int, r apiRequest, w http.ResponseWriter)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.answer = nil, answer
}

func (f *apiFake) seen() []apiRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]apiRequest(nil), f.calls...)
}

func (f *apiFake) host() string { return strings.TrimPrefix(f.URL, "https://") }

func (f *apiFake) config(tb testing.TB) duoclient.APIConfig {
	tb.Helper()
	return duoclient.APIConfig{
		IntegrationKey: integrationKey, SecretKey: secret.New(secretKey), APIHost: f.host(), CA: f.ca.trust(tb), Simulator: true,
	}
}

// naps records the waits of a client, and makes none.
type naps struct {
	mu    sync.Mutex
	taken []time.Duration // guarded by mu
	// before, when not nil, is called at every wait.
	before func(n int)
}

func (n *naps) sleep(ctx context.Context, d time.Duration) error {
	n.mu.Lock()
	n.taken = append(n.taken, d)
	count := len(n.taken)
	n.mu.Unlock()
	if n.before != nil {
		n.before(count)
	}
	return ctx.Err()
}

func (n *naps) all() []time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]time.Duration(nil), n.taken...)
}

// apiClients are the three clients of one configuration.
type apiClients struct {
	auth     *duoclient.Auth
	admin    *duoclient.Admin
	accounts *duoclient.Accounts
}

func newAPIClients(tb testing.TB, c duoclient.APIConfig, opts ...duoclient.Option) apiClients {
	tb.Helper()
	var (
		all  apiClients
		err  error
		fail = func(err error) {
			if err != nil {
				tb.Fatal(err)
			}
		}
	)
	opts = append([]duoclient.Option{duoclient.WithClock(clockAt(noon))}, opts...)
	all.auth, err = duoclient.NewAuth(c, opts...)
	fail(err)
	all.admin, err = duoclient.NewAdmin(c, opts...)
	fail(err)
	all.accounts, err = duoclient.NewAccounts(c, opts...)
	fail(err)
	tb.Cleanup(func() { all.auth.Close(); all.admin.Close(); all.accounts.Close() })
	return all
}

// signatureFault checks a signature the way Duo's documentation tells it, with
// no help from the package under test: version 5, then version 2.
func signatureFault(r *http.Request, body []byte) string {
	credentials, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
	key, got, ok := strings.Cut(string(credentials), ":")
	if err != nil || !ok || key != integrationKey || len(got) != 128 {
		return "credentials are malformed"
	}
	if _, err := mail.ParseDate(r.Header.Get("Date")); err != nil {
		return "date is malformed: " + err.Error()
	}
	params := r.URL.Query()
	v5 := []string{
		r.Header.Get("Date"), r.Method, strings.ToLower(r.Host), r.URL.EscapedPath(), sortedPairs(params),
		fmt.Sprintf("%x", sha512.Sum512(body)), fmt.Sprintf("%x", sha512.Sum512(nil)),
	}
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return "form is malformed"
		}
		params = form
	}
	v2 := []string{r.Header.Get("Date"), r.Method, strings.ToLower(r.Host), r.URL.EscapedPath(), sortedPairs(params)}
	for _, lines := range [][]string{v5, v2} {
		h := hmac.New(sha512.New, []byte(secretKey))
		_, _ = io.WriteString(h, strings.Join(lines, "\n"))
		if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(h.Sum(nil))), []byte(got)) == 1 {
			return ""
		}
	}
	return "signature is wrong"
}

// sortedPairs encodes byte by byte.
func sortedPairs(params url.Values) string {
	encode := func(s string) string {
		var out strings.Builder
		for _, b := range []byte(s) {
			if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", b) >= 0 {
				out.WriteByte(b)
			} else {
				fmt.Fprintf(&out, "%%%02X", b)
			}
		}
		return out.String()
	}
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return encode(names[i]) < encode(names[j]) })
	var pairs []string
	for _, name := range names {
		values := make([]string, len(params[name]))
		for i, v := range params[name] {
			values[i] = encode(v)
		}
		sort.Strings(values)
		for _, v := range values {
			pairs = append(pairs, encode(name)+"="+v)
		}
	}
	return strings.Join(pairs, "&")
}

// good answers with a response.
func good(response string) func(int, apiRequest, http.ResponseWriter) {
	return func(_ int, _ apiRequest, w http.ResponseWriter) {
		say(w, http.StatusOK, `{"stat":"OK","response":`+response+`}`)
	}
}

// bad answers with a refusal; its status is the first three digits of code.
func bad(code int, message, detail string) func(int, apiRequest, http.ResponseWriter) {
	return func(_ int, _ apiRequest, w http.ResponseWriter) {
		say(w, code/100, toText(map[string]any{"code": code, "message": message, "message_detail": detail, "stat": "FAIL"}))
	}
}

func toText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func say(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Date", noon.Format(http.TimeFormat))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// cut promises more than it sends.
func cut(_ int, _ apiRequest, w http.ResponseWriter) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"stat":"OK","resp`)
}
