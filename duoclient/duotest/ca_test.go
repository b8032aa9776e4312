package duotest_test

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

func TestCA(t *testing.T) {
	t.Parallel()
	ca, err := duotest.NewCA(epoch)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := duotest.LoadCA(ca.CertPEM(), ca.KeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := loaded.Issue([]string{"mirth.example.org", "127.0.0.1", "::1"}, epoch)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		at   time.Time
		ok   bool
	}{
		{"mirth.example.org", epoch, true},
		{"127.0.0.1", epoch.Add(396 * 24 * time.Hour), true},
		{"::1", epoch.Add(-23 * time.Hour), true},
		{"other.example.org", epoch, false},
		{"127.0.0.1", epoch.Add(398 * 24 * time.Hour), false},
		{"127.0.0.1", epoch.Add(-25 * time.Hour), false},
	} {
		_, err := leaf.Verify(x509.VerifyOptions{DNSName: tc.name, Roots: ca.Pool(), CurrentTime: tc.at})
		if (err == nil) != tc.ok {
			t.Errorf("%s at %v: %v", tc.name, tc.at, err)
		}
	}
}

func TestLoadCARefuses(t *testing.T) {
	t.Parallel()
	ca, err := duotest.NewCA(epoch)
	if err != nil {
		t.Fatal(err)
	}
	other, err := duotest.NewCA(epoch)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2][]byte{
		"nothing":       {nil, nil},
		"garbage":       {[]byte("garbage"), []byte("garbage")},
		"another's key": {ca.CertPEM(), other.KeyPEM()},
		"swapped":       {ca.KeyPEM(), ca.CertPEM()},
	} {
		if _, err := duotest.LoadCA(pair[0], pair[1]); !errors.Is(err, duotest.ErrCA) {
			t.Errorf("%s: %v, want ErrCA", name, err)
		}
	}
}

// A server made with a kept CA is trusted by those who trusted it before.
func TestServerWithCA(t *testing.T) {
	t.Parallel()
	ca, err := duotest.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, func(c *duotest.Config) { c.CA = ca })
	if a.CA() != ca || a.idToken() == "" {
		t.Error("the CA was not used")
	}
}
