package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"time"

	"mfaserver/internal/expiry"
)

// How long before their ends certificates are told of. Duo's roots come with
// the program or in a file that somebody has to fetch: that takes longer.
const (
	certificateNotice = 30 * 24 * time.Hour
	rootNotice        = 90 * 24 * time.Hour
)

// openExpiry makes what tells in time when certificates end (threats T101,
// T173).
func (a *app) openExpiry(context.Context) error {
	var err error
	a.expiry, err = expiry.New(expiry.Config{Certificates: func() []expiry.Certificate { return a.latest().certificates() }, Recorder: a.recorder, Logger: a.logger, Now: now})
	return err
}

// certificates are those that logins depend on, as they are now: what the
// server shows, what vouches for Duo, and what vouches for the engine
// and the store.
func (a *app) certificates() []expiry.Certificate {
	var all []expiry.Certificate
	if a.shown != nil {
		if current := a.shown.current.Load(); current != nil && current.Leaf != nil {
			all = append(all, named("server", current.Leaf, certificateNotice))
		}
	}
	for _, root := range a.duoRoots {
		all = append(all, expiry.Certificate{Name: "duo_roots", Subject: root.Name, NotAfter: root.NotAfter, Notice: rootNotice})
	}
	if u := a.cfg.Primary.Upstream; u != nil && u.CAFile != "" {
		for _, cert := range readCertificates(u.CAFile) {
			all = append(all, named("engine_ca", cert, certificateNotice))
		}
	}
	if r := a.cfg.Store.Redis; r != nil && r.CAFile != "" {
		for _, cert := range readCertificates(r.CAFile) {
			all = append(all, named("store_ca", cert, certificateNotice))
		}
	}
	return all
}

func named(name string, cert *x509.Certificate, notice time.Duration) expiry.Certificate {
	return expiry.Certificate{Name: name, Subject: cert.Subject.CommonName, NotAfter: cert.NotAfter, Notice: notice}
}

// readCertificates are those of a PEM file as far as they can be read.
func readCertificates(path string) []*x509.Certificate {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil
	}
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return all
		}
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			all = append(all, cert)
		}
	}
}
