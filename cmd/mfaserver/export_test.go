package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"

	"mfaserver/internal/config"
)

// Main lets the external tests run the program inside the test binary.
func Main() { main() }

// HashCommand is what the server starts itself with.
const HashCommand = hashCommand

// Quiet is what the program does first.
func Quiet() { quiet() }

// Harden is what the server does to itself before it reads a secret.
func Harden() error { return harden() }

// SettingFields are the fields of the configuration that a reload knows.
func SettingFields() []string {
	var fields []string
	for _, s := range settings() {
		fields = append(fields, s.field)
	}
	return fields
}

// FeedWatchdogOnce tells the watchdog that the server at the address lives, if it
// answers with the certificate.
func FeedWatchdogOnce(ctx context.Context, logger *slog.Logger, address net.Addr, url string, cert *tls.Certificate) {
	a := &app{cfg: &config.Config{PublicURLs: []string{url}}, logger: logger, address: address, shown: &shownCertificate{}}
	a.shown.current.Store(&certificate{Certificate: *cert})
	a.feedOnce(ctx)
}
