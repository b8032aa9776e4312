//go:build unix

package crash_test

import (
	"context"
	"crypto/rand"
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

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/failpoint"
	"mfaserver/internal/seal"
)

// rig is everything a run works with: nodes on a store, a simulator that is
// never killed, and what was found.
type rig struct {
	dir      string
	duo      *duotest.Server
	nodes    []*node
	trails   []*trail
	found    findings
	counts   counts
	password string
	// deaths counts what happened at each point.
	deaths map[failpoint.Point]int
	// pointTurn counts the points planned.
	pointTurn int
	// backing is the store behind several nodes; nil when each has its own.
	backing backing
}

// backing is a store that several nodes share.
type backing interface {
	// settings is the section store of the configuration.
	settings() string
	// strikes are what may befall it; after each it works again.
	strikes() []func(context.Context) error
}

// newRig writes the configurations of so many nodes; none is started.
func newRig(t *testing.T, binary string, s settings, nodes int, shared backing) *rig {
	t.Helper()
	r := &rig{dir: t.TempDir(), password: rand.Text(), deaths: map[failpoint.Point]int{}, backing: shared}
	used := map[string]string{}
	users := make([]duotest.User, s.workers)
	for i := range users {
		users[i] = duotest.User{Name: userName(i), Phones: []duotest.Phone{duotest.Smartphone(fmt.Sprintf("+1734555%04d", 100+i))}}
	}
	var err error
	if r.duo, err = duotest.NewServer(duotest.Config{Auto: duotest.Approve, Users: users}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.duo.Close)
	if err := r.writeShared(); err != nil {
		t.Fatal(err)
	}
	for i := range nodes {
		dir := filepath.Join(r.dir, fmt.Sprintf("node%d", i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := copyKeys(r.nodes, dir); err != nil {
			t.Fatal(err)
		}
		address := freeAddress(t)
		r.nodes = append(r.nodes, &node{
			name: filepath.Base(dir), dir: dir, config: dir + ".yaml", binary: binary, url: "https://" + address,
		})
		r.trails = append(r.trails, newTrail(filepath.Join(dir, "audit", "audit.jsonl"), used))
	}
	t.Cleanup(r.killAll)
	for _, n := range r.nodes {
		if err := os.WriteFile(n.config, []byte(r.configuration(n)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func userName(i int) string { return fmt.Sprintf("worker%d", i) }

// copyKeys gives a node the key of the shared store; the first one makes it.
func copyKeys(earlier []*node, dir string) error {
	if err := os.Mkdir(filepath.Join(dir, "keys"), 0o700); err != nil {
		return err
	}
	key := filepath.Join(dir, "keys", "store.key")
	if len(earlier) == 0 {
		_, err := seal.LoadOrCreateKey(key)
		return err
	}
	data, err := os.ReadFile(filepath.Join(earlier[0].dir, "keys", "store.key"))
	if err != nil {
		return err
	}
	return os.WriteFile(key, data, 0o600)
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

// writeShared writes what all nodes read: certificate, authority, secret.
func (r *rig) writeShared() error {
	cert, err := r.duo.CA().Issue([]string{"localhost", "127.0.0.1"}, time0())
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
	return errors.Join(
		write("server.crt", chain),
		write("server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		write("ca.pem", r.duo.CA().CertPEM()),
		write("client_secret", []byte(r.duo.Credentials().ClientSecret)),
	)
}

func (r *rig) configuration(n *node) string {
	urls := make([]string, len(r.nodes))
	for i, other := range r.nodes {
		urls[i] = fmt.Sprintf("%q", other.url)
	}
	var store string
	if r.backing != nil {
		store = r.backing.settings()
	}
	return store + fmt.Sprintf(`listen: %q
public_urls: [%s]
data_dir: %q
tls: {cert_file: "%[4]s/server.crt", key_file: "%[4]s/server.key"}
primary: {local: {}}
limits_factor: 100
duo:
  simulator: true
  ca: "%[4]s/ca.pem"
  universal: {client_id: %[5]q, client_secret_file: "%[4]s/client_secret", api_hostname: %[6]q}
`, strings.TrimPrefix(n.url, "https://"), strings.Join(urls, ", "), n.dir, r.dir, r.duo.Credentials().ClientID, r.duo.APIHost)
}

// tlsConfig trusts the nodes.
func (r *rig) tlsConfig() *tls.Config {
	return &tls.Config{RootCAs: r.duo.CA().Pool(), MinVersion: tls.VersionTLS12}
}

func (r *rig) killAll() {
	for _, n := range r.nodes {
		if n.runs() {
			n.running.kill()
		}
	}
}
