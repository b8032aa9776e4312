package duoclient_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// pins are the SHA-256 of the SubjectPublicKeyInfo of the roots that Duo's
// clients for Java and C# pin, in their order.
const pins = `++MBgDH5WGvL9Bcn5Be30cRcL0f5O+NyoXuWtQdX1aI=
f0KW/FtqTjs108NpYj42SrGvOB2PpxIVM8nWxjPqJGE=
NqvDJlas/GRcYbcWE8S/IceH9cq77kg0jVhZeAPXq8k=
9+ze1cZgR9KO1kZrVDxA4HQ6voHRCSVNz4RdTCx4U8U=
KwccWaCgrnaw6tsrrSO61FgLacNgG2MMLq8GE6+oP5I=
WoiWRyIOVNa9ihaBciRSC7XHjliYS9VwUGOIud4PB18=
oC+voZLIy4HLE0FVT5wFtxzKKokLDRKY1oNkfJYe+98=
ape1HIIZ6T5d7GS61YBs3rD4NVvkfnVwELcCRW4Bqv0=
rn+WLLnmp9v3uDP7GPqbcaiRdd+UnCMrap73yz3yu/w=
4EoCLOMvTM8sf2BGKHuCijKpCfXnUUR/g/0scfb9gXM=
Vfd95BwDeSQo+NUYxVEEIlvkOlWY2SalKK1lPhzOx78=
mEflZT5enoR1FuXLgYYGqnVEoZvmf9c2bVBpiOjYQ0c=
B+hU8mp8vTiZJ6oEG/7xts0h3RQ4GK2UfcZVqeWH/og=
uu5PB+MS9L3/ffB/PuTG6A+WjsTtTaF52qqjrcHFXRU=
gI1os/q0iEpflxrOfRBVDXqVoWN3Tz7Dav/7IT++THQ=`

// Threat T101: the bundle is Duo's, root for root.
func TestDuoRoots(t *testing.T) {
	t.Parallel()
	var got []string
	for rest := duoclient.DuoRoots; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !cert.IsCA || !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
			t.Errorf("%s is no root", cert.Subject)
		}
		sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
		got = append(got, base64.StdEncoding.EncodeToString(sum[:]))
	}
	if text := strings.Join(got, "\n"); text != pins {
		t.Errorf("pins\n%s\nwant\n%s", text, pins)
	}
}

// Threat T101: no root ends within 18 months of the day this bundle was
// looked at; the first that does is told in time.
func TestRootsExpiry(t *testing.T) {
	t.Parallel()
	const month = 30 * 24 * time.Hour
	soon, err := duoclient.RootsExpiry(duoclient.CA{}, time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC), 18*31*24*time.Hour)
	if err != nil || len(soon) != 0 {
		t.Errorf("roots that expire within 18 months: %v, %v", soon, err)
	}
	for _, row := range []struct {
		at   time.Time
		want int
	}{
		{time.Date(2031, 8, 1, 0, 0, 0, 0, time.UTC), 0},
		{time.Date(2031, 8, 20, 0, 0, 0, 0, time.UTC), 1},
		{time.Date(2031, 11, 15, 0, 0, 0, 0, time.UTC), 1},
		{time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC), 15},
	} {
		soon, err := duoclient.RootsExpiry(duoclient.CA{}, row.at, 3*month)
		if err != nil || len(soon) != row.want {
			t.Errorf("at %v: %v, %v, want %d", row.at, soon, err, row.want)
		} else if row.want > 0 && soon[0].Name != "DigiCert High Assurance EV Root CA" {
			t.Errorf("at %v: %v first", row.at, soon[0])
		}
	}
}

func TestCASources(t *testing.T) {
	t.Parallel()
	ca := newTestCA(t)
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, append([]byte("a comment\n"), ca.pem...), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := duoclient.CAFile(path)
	if err != nil || got.IsZero() {
		t.Fatal(err)
	}
	roots, err := got.Roots()
	if err != nil || len(roots) != 1 || roots[0].Name != "test root" || !roots[0].NotAfter.Equal(ca.cert.NotAfter) {
		t.Errorf("Roots = %v, %v", roots, err)
	}
	if system, err := duoclient.CASystem(); err != nil || system.IsZero() {
		t.Errorf("CASystem: %v", err)
	} else if roots, err := system.Roots(); err != nil || len(roots) != 0 {
		t.Errorf("CASystem().Roots = %v, %v", roots, err)
	}
}

// Threat T101: a bundle that others may write, or that is none, is refused.
func TestCARefused(t *testing.T) {
	t.Parallel()
	ca := newTestCA(t)
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "key": key, "key after": append(bytes.Clone(ca.pem), key...),
		"no certificate": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
		"another block":  pem.EncodeToMemory(&pem.Block{Type: "TRUSTED CERTIFICATE", Bytes: ca.cert.Raw}),
		"cut":            append(bytes.Clone(ca.pem), ca.pem[:100]...),
	} {
		if got, err := duoclient.CAPEM(data); !got.IsZero() || !errors.Is(err, duoclient.ErrConfig) {
			t.Errorf("%s: %v, want ErrConfig", name, err)
		}
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	for _, mode := range []os.FileMode{0o620, 0o602, 0o666} {
		if err := os.WriteFile(path, ca.pem, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := duoclient.CAFile(path); !errors.Is(err, duoclient.ErrConfig) || !strings.Contains(err.Error(), "writable") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := duoclient.CAFile(folder)
	if _, reading := errors.AsType[*os.PathError](err); !errors.Is(err, duoclient.ErrConfig) || !reading {
		t.Errorf("a folder: %v", err)
	}
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := duoclient.CAFile(path); !errors.Is(err, duoclient.ErrConfig) || !strings.Contains(err.Error(), path) {
		t.Errorf("a text: %v", err)
	}
	if _, err := duoclient.CAFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, duoclient.ErrConfig) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}
