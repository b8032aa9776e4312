package checkup_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/checkup"
	"mfaserver/internal/config"
)

// issue gives a certificate and its key in PEM.
func issue(t *testing.T, ca *duotest.CA, made time.Time, names ...string) (certPEM, keyPEM []byte) {
	t.Helper()
	pair, err := ca.Issue(names, made)
	if err != nil {
		t.Fatal(err)
	}
	for _, der := range pair.Certificate {
		certPEM = append(certPEM, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return certPEM, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	ca, err := duotest.NewCA(time.Now().AddDate(-2, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	write := func(made time.Time, names ...string) {
		t.Helper()
		certPEM, keyPEM := issue(t, ca, made, names...)
		b.settings.TLS = config.TLS{CertFile: filepath.Join(b.settings.DataDir, "server.crt"), KeyFile: filepath.Join(b.settings.DataDir, "server.key")}
		for path, data := range map[string][]byte{b.settings.TLS.CertFile: certPEM, b.settings.TLS.KeyFile: keyPEM} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, row := range []struct {
		name  string
		made  time.Time
		host  string
		level checkup.Level
		text  string
	}{
		{"good", time.Now(), "localhost", checkup.OK, "lasts until"},
		{"ended", time.Now().AddDate(-2, 0, 0), "localhost", checkup.Fail, "the server's certificate ended on"},
		{"ends soon", time.Now().AddDate(0, 0, -380), "localhost", checkup.Warn, "the server's certificate ends on"},
		{"not yet", time.Now().AddDate(0, 0, 10), "localhost", checkup.Fail, "begins only on"},
		{"another name", time.Now(), "elsewhere.example", checkup.Warn, "is not for localhost"},
	} {
		write(row.made, row.host)
		if f := finding(t, b.run(t), "tls", row.level); !strings.Contains(f.Text, row.text) {
			t.Errorf("%s: %s. %s", row.name, f.Text, f.Advice)
		}
	}
	b.settings.TLS.KeyFile = b.settings.TLS.CertFile
	if f := finding(t, b.run(t), "tls", checkup.Fail); !strings.Contains(f.Text, "cannot be used") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	if got := checkup.OwnCertificate(b.settings); got != nil {
		t.Errorf("a certificate without its key: %v", got.Subject)
	}
	write(time.Now(), "localhost")
	if got := checkup.OwnCertificate(b.settings); got == nil || got.VerifyHostname("localhost") != nil {
		t.Errorf("own certificate %v, want the one for localhost", got)
	}
}
