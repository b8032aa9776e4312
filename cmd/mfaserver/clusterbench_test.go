package main_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/store/redis/redistest"
)

// Where clients find the cluster: a name that leads to whichever node the
// load balancer chooses.
const (
	clusterHost = "mfa.example.org"
	clusterURL  = "https://" + clusterHost
)

// cluster is three nodes, each a process of its own, on one Redis server, with
// the simulator (and the engine, for gateways) in this process.
type cluster struct {
	duo    *duotest.Server
	engine *mirthtest.Server // nil: the nodes have the accounts
	nodes  []*clusterNode
	users  []string
	keys   string
	// text is the configuration without what differs between nodes.
	text string
}

// clusterNode is one server.
type clusterNode struct {
	*process
	config    string
	transport *http.Transport
}

type clusterConfig struct {
	servers  []*redistest.Server
	replicas int
	gateway  bool
	users    int
	// denies: everybody denies every push, and the nodes can send some.
	denies bool
	// each, when not nil, alters the configuration of a node.
	each func(node int, text string) string
}

const clusterText = `listen: "127.0.0.1:0"
public_urls: [%[1]q]
keys_dir: %[2]q
tls: {cert_file: %[3]q, key_file: %[4]q}
limits_factor: 100
%[5]s
store: {redis: {addresses: [%[6]s], replicas: %[7]d}}
duo:
  simulator: true
  ca: %[8]q
  universal: {client_id: %[9]s, client_secret: %[10]s, api_hostname: %[11]q}
  admin: {integration_key: %[12]s, secret_key: %[13]s, api_hostname: %[11]q}
`

// startCluster starts all of it.
func startCluster(t *testing.T, c clusterConfig) *cluster {
	t.Helper()
	b := &cluster{}
	d := duotest.Config{Auto: duotest.Approve, Users: []duotest.User{}}
	if c.denies {
		d.Auto = duotest.Deny
	}
	var accounts []mirthtest.User
	for i := range c.users {
		name := "user" + strconv.Itoa(i)
		b.users = append(b.users, name)
		d.Users = append(d.Users, duotest.User{Name: name, Phones: []duotest.Phone{duotest.Smartphone(fmt.Sprintf("+1734555%04d", 100+i))}})
		accounts = append(accounts, mirthtest.User{Name: name, Password: gatewayPassword})
	}
	var err error
	if b.duo, err = duotest.NewServer(d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.duo.Close)
	dir := t.TempDir()
	who := "primary: {local: {}}"
	if c.gateway {
		b.engine = mirthtest.NewServer(mirthtest.Config{Users: accounts})
		t.Cleanup(b.engine.Close)
		who = fmt.Sprintf("primary: {upstream: {url: %q, ca_file: %q}}", b.engine.URL, ownFile(t, dir, "engine.pem", b.engine.CAPEM()))
	}
	cert, key := b.certificate(t, dir)
	var addresses []string
	for _, s := range c.servers {
		addresses = append(addresses, strconv.Quote(s.Addr))
	}
	b.keys = filepath.Join(dir, "keys")
	secrets := b.duo.Credentials()
	b.text = fmt.Sprintf(clusterText, clusterURL, b.keys, cert, key, who, strings.Join(addresses, ", "), c.replicas,
		ownFile(t, dir, "duo.pem", b.duo.CA().CertPEM()), secrets.ClientID, secrets.ClientSecret, b.duo.APIHost,
		secrets.AdminKey, secrets.AdminSecret)
	if c.denies {
		b.text += fmt.Sprintf("  auth: {integration_key: %s, secret_key: %s, api_hostname: %q}\n", secrets.AuthKey, secrets.AuthSecret, b.duo.APIHost)
	}
	for i := range 3 {
		text := b.text
		if c.each != nil {
			text = c.each(i, text)
		}
		b.addNode(t, text)
		if i == 0 && !c.gateway {
			b.addUsers(t)
		}
		b.nodes[i].serve(t)
	}
	return b
}

// certificate is what the nodes share, from the simulator's authority.
func (b *cluster) certificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	cert, err := b.duo.CA().Issue([]string{clusterHost}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, ok := cert.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("the key is a %T", cert.PrivateKey)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var chain []byte
	for _, one := range cert.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one})...)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return ownFile(t, dir, "server.pem", chain), ownFile(t, dir, "server.key", keyPEM)
}

// addNode writes the configuration of another node, which is not started.
func (b *cluster) addNode(t *testing.T, text string) *clusterNode {
	t.Helper()
	dir := t.TempDir()
	n := &clusterNode{config: ownFile(t, dir, "mfaserver.yaml", fmt.Appendf(nil, "%sdata_dir: %q\n", text, filepath.Join(dir, "data")))}
	n.transport = &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: b.duo.CA().Pool(), MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 32,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			if address == clusterHost+":443" {
				found := listensAt.FindStringSubmatch(n.log.String())
				if found == nil {
					return nil, errors.New("the node does not listen")
				}
				address = found[1]
			}
			return d.DialContext(ctx, network, address)
		},
	}
	t.Cleanup(n.transport.CloseIdleConnections)
	b.nodes = append(b.nodes, n)
	return n
}

var listensAt = regexp.MustCompile(`msg=ready address=(\S+)`)

// serve starts the node, for the first time or once more.
func (n *clusterNode) serve(t *testing.T) {
	t.Helper()
	n.process = start(t, "msg=ready", "--config", n.config, "serve")
}

// addUsers makes the accounts, by a command on the first node.
func (b *cluster) addUsers(t *testing.T) {
	t.Helper()
	for _, name := range b.users {
		r := runCommand(t, gatewayPassword+"\n", "--config", b.nodes[0].config, "users", "add", name, "--password-file", "-")
		if r.code != 0 {
			t.Fatalf("users add = %d %s", r.code, r.stderr)
		}
	}
}

// alive fails the test when a node has ended.
func (b *cluster) alive(t *testing.T) {
	t.Helper()
	for i, n := range b.nodes {
		select {
		case <-n.ended:
			t.Errorf("node %d has ended:\n%s", i, n.log)
		default:
		}
	}
}

// client is one API client, as it reaches each of the nodes.
func (b *cluster) client(t *testing.T) []*apiClient {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b.clientWith(jar)
}

func (b *cluster) clientWith(jar http.CookieJar) []*apiClient {
	all := make([]*apiClient, len(b.nodes))
	for i, n := range b.nodes {
		all[i] = &apiClient{server: clusterURL, accept: "application/xml", http: &http.Client{Transport: n.transport, Jar: jar, Timeout: 30 * time.Second}}
	}
	return all
}

// ownFile writes a file for its owner alone.
func ownFile(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// errAnswer: a node answered otherwise than the step of a login expects.
var errAnswer = errors.New("unexpected answer")

func unexpected(step string, a answer) error {
	return fmt.Errorf("%w: %s = %d %s", errAnswer, step, a.status, a.body)
}

// begin is the first call and the prompt: the login data of a login that the
// simulator has approved, and its code.
func (c *apiClient) begin(ctx context.Context, username string, browser *apiClient) (data, code string, err error) {
	a, err := c.firstCall(ctx, username)
	if err != nil {
		return "", "", err
	}
	parsed, err := mirth.ParseLoginStatus([]byte(a.body), a.header.Get("Content-Type"))
	status, ok := parsed.(mirth.DuoLoginStatus)
	if err != nil || !ok {
		return "", "", unexpected("first call", a)
	}
	a, err = browser.try(ctx, http.MethodGet, status.AuthURL, nil, nil)
	if err != nil {
		return "", "", err
	}
	if a.status != http.StatusOK || !strings.HasPrefix(a.url.String(), status.RedirectURI+"?") {
		return "", "", unexpected("callback", a)
	}
	q := a.url.Query()
	code = q.Get("duo_code")
	return mirth.NewLoginData(username, status.PrimaryStatus, code, q.Get("state"), status.RedirectURI).String(), code, nil
}

// firstCall is the first call.
func (c *apiClient) firstCall(ctx context.Context, username string) (answer, error) {
	return c.try(ctx, http.MethodPost, c.server+"/api/users/_login",
		url.Values{"username": {username}, "password": {gatewayPassword}}, http.Header{"X-Mirth-Server-Url": {c.server}})
}

// redeem is the second call.
func (c *apiClient) redeem(ctx context.Context, username, data string) (answer, error) {
	return c.try(ctx, http.MethodPost, c.server+"/api/users/_login", url.Values{"username": {username}}, http.Header{"X-Mirth-Login-Data": {data}})
}

// sessionIn is the session id that an answer sets.
func sessionIn(a answer) string {
	for _, line := range a.header.Values("Set-Cookie") {
		if cookie, err := http.ParseSetCookie(line); err == nil && cookie.Name == "JSESSIONID" {
			return cookie.Value
		}
	}
	return ""
}

// signIn is a whole login, from the first call at one node to the second at
// another; it gives the session's id.
func signIn(ctx context.Context, username string, first, callback, second *apiClient) (string, error) {
	data, _, err := first.begin(ctx, username, callback)
	if err != nil {
		return "", err
	}
	a, err := second.redeem(ctx, username, data)
	if err != nil {
		return "", err
	}
	if id := sessionIn(a); a.status == http.StatusOK && id != "" {
		return id, nil
	}
	return "", unexpected("second call", a)
}

// with asks for a path with a session's id, and no other cookie.
func (c *apiClient) with(ctx context.Context, method, path, id string) (answer, error) {
	bare := *c.http
	bare.Jar = nil
	d := *c
	d.http = &bare
	return d.try(ctx, method, c.server+path, nil, http.Header{"Cookie": {"JSESSIONID=" + id}})
}

const currentUser = "/api/users/current"

// spendsOnce checks that the simulator has seen no code twice.
func (b *cluster) spendsOnce(t *testing.T) int {
	t.Helper()
	seen := map[string]int{}
	for _, call := range b.duo.Calls() {
		if call.Endpoint == "/oauth/v1/token" && call.Code != "" {
			if seen[call.Code]++; seen[call.Code] > 1 {
				t.Errorf("the code of %s was sent to Duo %d times", call.Username, seen[call.Code])
			}
		}
	}
	return len(seen)
}
