package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/config"
)

// keyPair makes a certificate and its key in PEM.
func keyPair(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

func TestTLSFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cert, key := keyPair(t)
	_, otherKey := keyPair(t)
	for name, data := range map[string]string{"cert": cert, "key": key, "other": otherKey, "open": key, "none": "x"} {
		writeFile(t, filepath.Join(folder, name), data)
	}
	chmod(t, filepath.Join(folder, "cert"), 0o644)
	chmod(t, filepath.Join(folder, "open"), 0o640)
	path := filepath.Join(folder, "c.yaml")
	tests := []struct{ cert, key, want string }{
		{"cert", "key", ""},
		{"cert", "other", "tls.cert_file: does not go with key_file"},
		{"none", "key", "tls.cert_file: does not go with key_file"},
		{"cert", "open", "tls.key_file: " + filepath.Join(folder, "open") + " has mode 0640"},
		{"cert", "gone", "tls.key_file: the file"},
	}
	for _, tt := range tests {
		data := good + "tls: {cert_file: " + tt.cert + ", key_file: " + tt.key + "}\n"
		c, err := config.Parse([]byte(data), path)
		switch {
		case tt.want != "":
			if !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s, %s: %v, want %s", tt.cert, tt.key, err, tt.want)
			}
		case err != nil:
			t.Error(err)
		default:
			want := config.TLS{CertFile: filepath.Join(folder, "cert"), KeyFile: filepath.Join(folder, "key")}
			if c.TLS != want || !strings.Contains(c.Redacted(), want.KeyFile) {
				t.Errorf("TLS = %+v", c.TLS)
			}
		}
	}
}

// Threat T035: a simulator's host and CA only with duo.simulator: true.
func TestSimulator(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cert, _ := keyPair(t)
	writeFile(t, filepath.Join(folder, "ca.pem"), cert)
	writeFile(t, filepath.Join(folder, "none.pem"), "none")
	const head = "public_urls: [\"https://localhost:8443\"]\nduo:\n  simulator: true\n  universal: " +
		"{client_id: DIXXXXXXXXXXXXXXXXXX, client_secret: " + clientSecret + ", api_hostname: \"HOST\"}\n"
	for _, host := range []string{"localhost:8444", "127.0.0.1:1", "[::1]:8444", "duo.example.org"} {
		c, err := config.Parse([]byte(strings.Replace(head, "HOST", host, 1)+"  ca: ca.pem\n"), filepath.Join(folder, "c.yaml"))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if c.Duo.CA != filepath.Join(folder, "ca.pem") || c.Duo.Universal.APIHostname != host || !c.Duo.Simulator {
			t.Errorf("%s: %+v", host, c.Duo)
		}
	}
	_, err := config.Parse([]byte(strings.Replace(head, "HOST", "localhost:8444", 1)+"  ca: none.pem\n"), filepath.Join(folder, "c.yaml"))
	if !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), "duo.ca: ") {
		t.Errorf("no certificate: %v", err)
	}
}
