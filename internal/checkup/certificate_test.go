package checkup_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
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
