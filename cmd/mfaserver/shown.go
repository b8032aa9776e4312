package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
)

// shownCertificate is what the server shows to its clients: files of the
// configuration, read again when they were replaced, or one that stays.
type shownCertificate struct {
	certFile, keyFile string // empty: it stays
	current           atomic.Pointer[tls.Certificate]
	logger            *slog.Logger
}

// load reads the files. What is shown changes as a whole or not at all.
func (s *shownCertificate) load() (changed bool, err error) {
	cert, err := tls.LoadX509KeyPair(s.certFile, s.keyFile)
	if err != nil {
		return false, fmt.Errorf("tls: %w", err)
	}
	before := s.current.Load()
	if before != nil && slices.EqualFunc(before.Certificate, cert.Certificate, bytes.Equal) {
		return false, nil
	}
	s.current.Store(&cert)
	return true, nil
}

// again looks whether the files were replaced. One that cannot be used, or is
// half replaced, changes nothing; connections that are open stay (threat T173).
func (s *shownCertificate) again(ctx context.Context) error {
	if s.certFile == "" {
		return nil
	}
	changed, err := s.load()
	if changed {
		cert := s.current.Load()
		s.logger.InfoContext(ctx, "the certificate was replaced", "file", s.certFile, "sha256", fingerprint(*cert), "until", cert.Leaf.NotAfter)
	}
	return err
}

// config is TLS 1.2 with authenticated encryption, or TLS 1.3.
func (s *shownCertificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.current.Load(), nil },
	}
}
