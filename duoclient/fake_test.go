package duoclient_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"hash"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

const (
	clientID     = "DIXXXXXXXXXXXXXXXXXX"
	clientSecret = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
	state        = "0123456789abcdef0123456789abcdef0123"
	nonce        = "fedcba9876543210fedcba9876543210fedc"
	duoCode      = "CodeCodeCodeCodeCodeCodeCodeCode"
	redirectURI  = "https://localhost:8443/api/4.5.0/extensions/mfa/duocallback"
	duoHost      = "api-test0001.duosecurity.com"
	username     = "test1"
)

// noon is the time of all tests with a fixed clock.
var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func clockAt(t time.Time) func() time.Time { return func() time.Time { return t } }

// testCA makes certificates.
type testCA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newTestCA(tb testing.TB) *testCA {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test root"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return &testCA{cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// issue makes a server certificate for 127.0.0.1 and the names given.
func (ca *testCA) issue(tb testing.TB, notAfter time.Time, names ...string) tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, DNSNames: names,
		NotBefore: notAfter.Add(-72 * time.Hour), NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if len(names) == 0 {
		tmpl.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, ca.cert, key.Public(), ca.key)
	if err != nil {
		tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (ca *testCA) trust(tb testing.TB) duoclient.CA {
	tb.Helper()
	c, err := duoclient.CAPEM(ca.pem)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// request is one call as the fake saw it.
type request struct {
	Path      string
	Form      map[string]string
	UserAgent string
}

// fake is a server in Duo's place. It believes everybody; what it answers is
// up to the test.
type fake struct {
	*httptest.Server

	ca *testCA

	mu     sync.Mutex
	calls  []request // guarded by mu
	health http.HandlerFunc
	token  http.HandlerFunc
}

func newFake(tb testing.TB) *fake {
	tb.Helper()
	f := &fake{ca: newTestCA(tb)}
	f.Server = httptest.NewUnstartedServer(f)
	f.TLS = &tls.Config{Certificates: []tls.Certificate{f.ca.issue(tb, time.Now().Add(time.Hour))}, MinVersion: tls.VersionTLS12}
	f.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	f.StartTLS()
	tb.Cleanup(f.Close)
	f.health = reply(http.StatusOK, `{"response":{"timestamp":1793534400},"stat":"OK"}`) // noon
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	form := make(map[string]string)
	for k, v := range r.PostForm {
		form[k] = strings.Join(v, "\n")
	}
	f.mu.Lock()
	f.calls = append(f.calls, request{Path: r.URL.Path, Form: form, UserAgent: r.UserAgent()})
	health, token := f.health, f.token
	f.mu.Unlock()
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/oauth/v1/health_check":
		health(w, r)
	case r.Method == http.MethodPost && r.URL.Path == "/oauth/v1/token" && token != nil:
		token(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (f *fake) host() string { return strings.TrimPrefix(f.URL, "https://") }

func (f *fake) seen() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]request(nil), f.calls...)
}

func (f *fake) answerToken(h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.token = h
}

func (f *fake) answerHealth(h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.health = h
}

// client gives a client of the fake with its clock at noon.
func (f *fake) client(tb testing.TB, opts ...duoclient.Option) *duoclient.Universal {
	tb.Helper()
	return newClient(tb, f.config(tb), opts...)
}

func (f *fake) config(tb testing.TB) duoclient.UniversalConfig {
	tb.Helper()
	return duoclient.UniversalConfig{
		ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: f.host(), CA: f.ca.trust(tb), Simulator: true,
	}
}

func newClient(tb testing.TB, c duoclient.UniversalConfig, opts ...duoclient.Option) *duoclient.Universal {
	tb.Helper()
	u, err := duoclient.NewUniversal(c, append([]duoclient.Option{duoclient.WithClock(clockAt(noon))}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(u.Close)
	return u
}

func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", noon.Format(http.TimeFormat))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// give answers a token call with token.
func give(token string) http.HandlerFunc {
	body, err := json.Marshal(map[string]any{"id_token": token, "access_token": "opaque", "expires_in": 3600, "token_type": "Bearer"})
	if err != nil {
		panic(err)
	}
	return reply(http.StatusOK, string(body))
}

// asked is the exchange that genuine tokens answer.
func asked() duoclient.ExchangeRequest {
	return duoclient.ExchangeRequest{Code: duoCode, Username: username, Nonce: nonce, RedirectURI: redirectURI, NotBefore: noon.Add(-time.Minute)}
}

type claims = map[string]any

// genuine is a good set of claims, with changes; a nil value removes a claim.
func genuine(issuer string, changes claims) claims {
	c := claims{
		"iss": issuer, "aud": clientID, "sub": username, "preferred_username": username, "nonce": nonce,
		"iat": noon.Unix(), "exp": noon.Unix() + 3600, "auth_time": noon.Unix(),
		"auth_result": claims{"result": "allow", "status": "allow", "status_msg": "Login Successful"},
		"auth_context": claims{
			"txid": "8f4a6a2e-6b8a-4f0e-9a2c-6f0c0c9b8f11", "timestamp": noon.Unix(), "event_type": "authentication",
			"factor": "duo_push", "reason": "user_approved", "result": "success", "ood_software": nil,
			"user":          claims{"key": "DUXXXXXXXXXXXXXXXXXX", "name": username, "groups": []string{}},
			"application":   claims{"key": clientID, "name": "Web SDK"},
			"auth_device":   claims{"ip": "192.0.2.10", "name": "My phone"},
			"access_device": claims{"ip": "192.0.2.20", "browser": "Chrome", "os": "Mac OS X", "is_password_set": "unknown"},
		},
	}
	maps.Copy(c, changes)
	for k, v := range c {
		if v == nil {
			delete(c, k)
		}
	}
	return c
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// sign makes a token with no help from the package under test.
func sign(header, payload string, newHash func() hash.Hash, key string) string {
	text := encode([]byte(header)) + "." + encode([]byte(payload))
	return text + "." + encode(mac(text, newHash, key))
}

func mac(text string, newHash func() hash.Hash, key string) []byte {
	h := hmac.New(newHash, []byte(key))
	_, _ = io.WriteString(h, text)
	return h.Sum(nil)
}

const header = `{"alg":"HS512","typ":"JWT"}`

func toJSON(tb testing.TB, v any) string {
	tb.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func signed(tb testing.TB, c claims) string {
	tb.Helper()
	return sign(header, toJSON(tb, c), sha512.New, clientSecret)
}

// verifier is a client that needs no server, and its issuer.
func verifier(tb testing.TB, opts ...duoclient.Option) (u *duoclient.Universal, issuer string) {
	tb.Helper()
	u = newClient(tb, duoclient.UniversalConfig{ClientID: clientID, ClientSecret: secret.New(clientSecret), APIHost: duoHost}, opts...)
	return u, "https://" + duoHost + "/oauth/v1/token"
}
