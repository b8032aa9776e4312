package siege_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/mirth/mirthtest"
)

// password is that of every user.
const password = "correct horse battery staple"

// plan says what a rig is made of.
type plan struct {
	// gateway puts the server in front of an engine; otherwise it has users of
	// its own.
	gateway bool
	// users are how many there are: user0, user1 and so on.
	users int
	// slowHash is how long the engine takes for a password.
	slowHash time.Duration
	// extra goes into the configuration; the limits are those of production
	// unless it says otherwise.
	extra string
	// environment and wrap change how the program is started; binary is
	// another one than that of the tree.
	environment []string
	wrap        func(binary string, args ...string) []string
	binary      string
	// engineFailures is after how many wrong passwords the engine locks an
	// account; 0 means never.
	engineFailures int
	// between puts something between two of those who talk to each other, and
	// returns the address where it can be reached.
	between func(address string) string
}

// rig is a server, with the simulator and the engine in this process.
type rig struct {
	*server
	duo    *duotest.Server
	engine *mirthtest.Server
	dir    string
	// listen is the address of the server, public where clients think it is.
	listen, public string
}

func user(i int) string { return fmt.Sprintf("user%d", i) }

// newRig starts everything and adds the users.
func newRig(t *testing.T, p plan) *rig {
	t.Helper()
	r := &rig{dir: t.TempDir(), listen: freeAddress(t)}
	r.public = "https://" + r.listen
	if p.between != nil {
		r.public = "https://" + p.between(r.listen)
	}
	r.startDuo(t, p)
	first := "primary: {local: {}}\n"
	if p.gateway {
		first = r.startEngine(t, p)
	}
	if err := r.writeShared(first, p); err != nil {
		t.Fatal(err)
	}
	binary := p.binary
	if binary == "" {
		var err error
		if binary, err = program(); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"--config", filepath.Join(r.dir, "mfaserver.yaml"), "serve"}
	command := append([]string{binary}, args...)
	if p.wrap != nil {
		command = p.wrap(binary, args...)
	}
	r.server = start(t, filepath.Join(r.dir, "data"), r.public, p.environment, command...)
	if !p.gateway {
		for i := range p.users {
			r.addUser(t, user(i))
		}
	}
	return r
}

func (r *rig) startDuo(t *testing.T, p plan) {
	t.Helper()
	users := make([]duotest.User, p.users)
	for i := range users {
		users[i] = duotest.User{Name: user(i), Phones: []duotest.Phone{duotest.Smartphone(fmt.Sprintf("+1734555%04d", 100+i))}}
	}
	var err error
	if r.duo, err = duotest.NewServer(duotest.Config{Auto: duotest.Approve, Users: users}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.duo.Close)
}

// startEngine returns the section primary of the configuration.
func (r *rig) startEngine(t *testing.T, p plan) string {
	t.Helper()
	accounts := make([]mirthtest.User, p.users)
	for i := range accounts {
		accounts[i] = mirthtest.User{Name: user(i), Password: password}
	}
	r.engine = mirthtest.NewServer(mirthtest.Config{Users: accounts, SlowHash: p.slowHash, MaxFailures: p.engineFailures, Keep: 1})
	t.Cleanup(r.engine.Close)
	target := r.engine.URL
	if p.between != nil {
		target = "https://" + p.between(strings.TrimPrefix(target, "https://"))
	}
	return fmt.Sprintf("primary: {upstream: {url: %q, ca_file: %q}}\nadministrators: [%s]\n", target, filepath.Join(r.dir, "engine.pem"), user(0))
}

func (r *rig) addUser(t *testing.T, name string) {
	t.Helper()
	args := struct {
		Username string `json:"username"`
		Role     string `json:"role"`
		Password string `json:"password"`
	}{name, "user", password}
	if err := r.command(t.Context(), "users.add", args); err != nil {
		t.Fatal(err)
	}
}

// writeShared writes what the server reads.
func (r *rig) writeShared(first string, p plan) error {
	cert, err := r.duo.CA().Issue([]string{"localhost", "127.0.0.1"}, time.Now())
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return err
	}
	var chain []byte
	for _, der := range cert.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	write := func(name string, data []byte) error { return os.WriteFile(filepath.Join(r.dir, name), data, 0o600) }
	if r.engine != nil {
		if err := write("engine.pem", r.engine.CAPEM()); err != nil {
			return err
		}
	}
	return errors.Join(
		os.Mkdir(filepath.Join(r.dir, "data"), 0o700),
		write("server.crt", chain),
		write("server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		write("ca.pem", r.duo.CA().CertPEM()),
		write("client_secret", []byte(r.duo.Credentials().ClientSecret)),
		write("mfaserver.yaml", []byte(r.configuration(first, p))),
	)
}

func (r *rig) configuration(first string, p plan) string {
	host := r.duo.APIHost
	if p.between != nil {
		host = p.between(host)
	}
	return first + p.extra + fmt.Sprintf(`listen: %q
public_urls: [%[5]q]
data_dir: "%[2]s/data"
tls: {cert_file: "%[2]s/server.crt", key_file: "%[2]s/server.key"}
trusted_proxies: ["127.0.0.9/32"]
duo:
  simulator: true
  ca: "%[2]s/ca.pem"
  universal: {client_id: %[3]q, client_secret_file: "%[2]s/client_secret", api_hostname: %[4]q}
`, r.listen, r.dir, r.duo.Credentials().ClientID, host, r.public)
}

// certificate is where that of the server lies.
func (r *rig) certificate() bareOrder {
	return bareOrder{filepath.Join(r.dir, "server.crt"), filepath.Join(r.dir, "server.key")}
}

// tlsConfig trusts the server and the simulator.
func (r *rig) tlsConfig() *tls.Config {
	return &tls.Config{RootCAs: r.duo.CA().Pool(), MinVersion: tls.VersionTLS12}
}

// freeAddress finds a port that nobody uses at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // only its address was wanted
	return l.Addr().String()
}
