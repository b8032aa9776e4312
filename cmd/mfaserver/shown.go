package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync/atomic"

	"mfaserver/internal/config"
)

// errCertificateNames: a certificate of our own lacks a name of the public URLs.
var errCertificateNames = errors.New("restart the server for a certificate with the new names of public_urls, or name one with tls")

// shownCertificate is what the server shows to its clients: files of the
// configuration, read again when they were replaced, or one that stays.
type shownCertificate struct {
	current atomic.Pointer[certificate]
	logger  *slog.Logger
}

// certificate is one with the files that it came from; without, it is self-made
// and stays.
type certificate struct {
	certFile, keyFile string
	tls.Certificate
}

// loadCertificate reads the files, the whole of both or nothing.
func loadCertificate(files config.TLS) (*certificate, error) {
	cert, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return &certificate{certFile: files.CertFile, keyFile: files.KeyFile, Certificate: cert}, nil
}

// next is what another configuration shows. A self-made one stays, and has to
// hold the names of the public URLs.
func (s *shownCertificate) next(cfg *config.Config) (*certificate, error) {
	if cfg.TLS.CertFile != "" {
		return loadCertificate(cfg.TLS)
	}
	names, err := publicNames(cfg)
	if err != nil {
		return nil, err
	}
	present := s.current.Load()
	if !covers(present.Leaf, names) {
		return nil, errCertificateNames
	}
	return present, nil
}

// show shows another certificate; connections that are open stay (threat T173).
func (s *shownCertificate) show(ctx context.Context, c *certificate) {
	if before := s.current.Swap(c); before != nil && !before.same(c) {
		s.tell(ctx, c)
	}
}

func (c *certificate) same(other *certificate) bool {
	return slices.EqualFunc(c.Certificate.Certificate, other.Certificate.Certificate, bytes.Equal)
}

// again looks whether the files were replaced. One that cannot be used, or is
// half replaced, changes nothing.
func (s *shownCertificate) again(ctx context.Context) error {
	present := s.current.Load()
	if present.certFile == "" {
		return nil
	}
	next, err := loadCertificate(config.TLS{CertFile: present.certFile, KeyFile: present.keyFile})
	if err != nil || next.same(present) || !s.current.CompareAndSwap(present, next) {
		return err
	}
	s.tell(ctx, next)
	return nil
}

func (s *shownCertificate) tell(ctx context.Context, c *certificate) {
	s.logger.InfoContext(ctx, "the certificate was replaced", "file", c.certFile, "sha256", fingerprint(c.Certificate), "until", c.Leaf.NotAfter)
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
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &s.current.Load().Certificate, nil },
	}
}

// publicNames are the hosts of the public URLs.
func publicNames(cfg *config.Config) ([]string, error) {
	var names []string
	for _, public := range cfg.PublicURLs {
		u, err := url.Parse(public)
		if err != nil {
			return nil, err
		}
		names = append(names, u.Hostname())
	}
	return names, nil
}
