package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"mfaserver/internal/mirth/mirthtest"
)

// engineFlags say which engine the demo stands in front of; none: it stands
// alone.
type engineFlags struct {
	gateway  bool
	upstream string
	ca       string
	insecure bool
}

func (f engineFlags) check() error {
	switch {
	case f.upstream == "" && (f.ca != "" || f.insecure):
		return fmt.Errorf("%w: --upstream-ca and --upstream-insecure need --upstream", errUsage)
	case f.gateway && f.upstream != "":
		return fmt.Errorf("%w: --gateway brings an engine of its own; give it or --upstream", errUsage)
	case f.ca != "" && f.insecure:
		return fmt.Errorf("%w: give --upstream-ca or --upstream-insecure, not both", errUsage)
	}
	return nil
}

// demoEngine is the engine behind the demo.
type demoEngine struct {
	url string
	// caFile or pin tell it from an impostor; with neither, the system's
	// authorities do.
	caFile, pin string
	// ours is set while it is the demo's own.
	ours *mirthtest.Server
}

func (e *demoEngine) close() {
	if e != nil && e.ours != nil {
		e.ours.Close()
	}
}

// engine starts the demo's own engine, or finds the user's; nil without one.
func (f engineFlags) engine(ctx context.Context, s *demoState, users []string) (*demoEngine, error) {
	switch {
	case f.gateway:
		return startDemoEngine(s, users) //nolint:contextcheck // it lives until close
	case f.upstream == "":
		return nil, nil //nolint:nilnil // no engine is a good answer
	case !f.insecure:
		return &demoEngine{url: f.upstream, caFile: f.ca}, nil
	}
	pin, err := presented(ctx, f.upstream)
	if err != nil {
		return nil, fmt.Errorf("engine %s: %w", f.upstream, err)
	}
	return &demoEngine{url: f.upstream, pin: pin}, nil
}

// startDemoEngine runs a fake engine whose users have the demo's password.
func startDemoEngine(s *demoState, users []string) (*demoEngine, error) {
	accounts := make([]mirthtest.User, 0, 1+len(users))
	for _, name := range append([]string{s.Username}, users...) {
		accounts = append(accounts, mirthtest.User{Name: name, Password: s.Password})
	}
	engine, err := mirthtest.NewStandalone(mirthtest.Config{Users: accounts, Now: now})
	if err != nil {
		return nil, fmt.Errorf("demo engine: %w", err)
	}
	file := s.file("engine-ca.pem")
	if err := writePrivate(file, engine.CAPEM()); err != nil {
		engine.Close()
		return nil, fmt.Errorf("demo engine: %w", err)
	}
	return &demoEngine{url: engine.URL, caFile: file, ours: engine}, nil
}

// errNoEngine: nobody shows a certificate where the engine should be.
var errNoEngine = errors.New("the engine does not answer")

// presented is the fingerprint of the certificate that a server shows now. The
// demo then takes that one and no other: --upstream-insecure trusts once.
func presented(ctx context.Context, upstream string) (string, error) {
	u, err := url.Parse(upstream)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" {
		return "", fmt.Errorf("%w: --upstream-insecure needs https://host:port", errUsage)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "443")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // G402: nothing is sent, the certificate is looked at and pinned
	conn, err := dialer.DialContext(ctx, "tcp", host)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errNoEngine, err)
	}
	defer conn.Close() //nolint:errcheck // nothing was written

	state := conn.(*tls.Conn).ConnectionState() //nolint:forcetypeassert // what a tls.Dialer returns
	sum := sha256.Sum256(state.PeerCertificates[0].Raw)
	return hex.EncodeToString(sum[:]), nil
}

// primary is the section of the configuration that says who checks passwords.
func (e *demoEngine) primary() string {
	switch {
	case e == nil:
		return "{local: {}}"
	case e.pin != "":
		return fmt.Sprintf("{upstream: {url: %q, pin_sha256: [%q], allow_outdated: true}}", e.url, e.pin)
	case e.caFile != "":
		return fmt.Sprintf("{upstream: {url: %q, ca_file: %q, allow_outdated: true}}", e.url, e.caFile)
	default:
		return fmt.Sprintf("{upstream: {url: %q, allow_outdated: true}}", e.url)
	}
}

// settings are the further settings of a demo in front of an engine.
func (e *demoEngine) settings(administrator string) string {
	if e == nil {
		return ""
	}
	return fmt.Sprintf(demoGatewayConfig, administrator)
}

const demoGatewayConfig = `
administrators: [%[1]q]
gateway: {launcher: true, api_explorer: true}
rules:
  - name: demo
    allow: [prompt, push, passcode, code]
    clients:
      - {user_agent: "*(Mirth Server Connection)*", mode: push}`
