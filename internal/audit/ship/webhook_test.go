package ship_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/ship"
	"mfaserver/internal/secret"
)

// A delivery holds the lines of the trail, signed; what is not answered with
// 2xx is no delivery, and no redirect is followed.
func TestWebhook(t *testing.T) {
	t.Parallel()
	key := secret.New("a key of the test")
	status := http.StatusNoContent
	var got []byte
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		if r.Header.Get(ship.HeaderSignature) != ship.Sign(key, "1700000000", got) || r.Header.Get(ship.HeaderTimestamp) != "1700000000" {
			t.Errorf("signature %v", r.Header)
		}
		if r.Header.Get("Content-Type") != "application/x-ndjson" || r.Header.Get(ship.HeaderFirst) == "" {
			t.Errorf("header %v", r.Header)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	authority := x509.NewCertPool()
	authority.AddCert(server.Certificate())
	hook, err := ship.NewWebhook(ship.WebhookConfig{
		URL: server.URL + "/in", Secret: key, TLS: &tls.Config{RootCAs: authority, MinVersion: tls.VersionTLS12},
		Now: func() time.Time { return time.Unix(1700000000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hook.Close() }()
	h := newHouse(t)
	h.record(2)
	all := h.all()
	if err := hook.Send(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(got, []byte{'\n'}), []byte{'\n'})
	if len(lines) != len(all) {
		t.Fatalf("%d lines, want %d", len(lines), len(all))
	}
	for i, line := range lines {
		if e, err := audit.ParseLine(line); err != nil || e.Sequence != all[i].Sequence {
			t.Errorf("line %d: %v", i, err)
		}
	}
	for _, status = range []int{http.StatusFound, http.StatusBadRequest, http.StatusInternalServerError} {
		if err := hook.Send(t.Context(), all); !errors.Is(err, ship.ErrRefused) {
			t.Errorf("Send() answered %d = %v, want ErrRefused", status, err)
		}
	}
}

func TestWebhookConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []ship.WebhookConfig{
		{URL: "http://siem.example.org/in", Secret: secret.New("k")},
		{URL: "https://u:p@siem.example.org", Secret: secret.New("k")},
		{URL: "https://siem.example.org/in"},
		{URL: "ftp://siem.example.org", Secret: secret.New("k")},
		{URL: "https://", Secret: secret.New("k")},
	} {
		if _, err := ship.NewWebhook(c); !errors.Is(err, ship.ErrConfig) {
			t.Errorf("NewWebhook(%s) = %v, want ErrConfig", c.URL, err)
		}
	}
}

// A receiver makes the same signature from the timestamp and the body.
func ExampleSign() {
	fmt.Println(ship.Sign(secret.New("the shared secret"), "1700000000", []byte("{}\n"))[:16])
	// Output: f0ff63d8e89f5907
}
