package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mfaserver/internal/alert"
	"mfaserver/internal/audit"
	"mfaserver/internal/audit/ship"
	"mfaserver/internal/config"
)

// openShipping makes what follows the audit trail: the watch that raises
// alerts, and the sinks of the configuration.
func (a *app) openShipping(ctx context.Context) error {
	watch, err := a.alertWatch()
	if err != nil {
		return err
	}
	if err := a.follow(ctx, "alerts", watch); err != nil {
		return err
	}
	if s := a.cfg.Audit.Syslog; s != nil {
		trust, err := trusted(s.CAFile)
		if err != nil {
			return err
		}
		sink, err := ship.NewSyslog(ship.SyslogConfig{URL: s.URL, TLS: trust, Facility: s.Facility, Application: "mfaserver"})
		if err != nil {
			return fmt.Errorf("audit.syslog: %w", err)
		}
		if err := a.follow(ctx, "syslog", sink); err != nil {
			return err
		}
	}
	if w := a.cfg.Audit.Webhook; w != nil {
		sink, err := webhook(w)
		if err != nil {
			return fmt.Errorf("audit.webhook: %w", err)
		}
		return a.follow(ctx, "webhook", sink)
	}
	return nil
}

func (a *app) alertWatch() (*alert.Watch, error) {
	c := alert.Config{Recorder: a.recorder, Logger: a.logger, Off: a.cfg.Alerts.Off, Hours: a.cfg.Alerts.Hours}
	if w := a.cfg.Alerts.Webhook; w != nil {
		sink, err := webhook(w)
		if err != nil {
			return nil, fmt.Errorf("alerts.webhook: %w", err)
		}
		host, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("name of this host: %w", err)
		}
		c.Notifier = alert.Hook{Poster: sink, Node: host}
	}
	return alert.New(c)
}

func webhook(w *config.Webhook) (*ship.Webhook, error) {
	trust, err := trusted(w.CAFile)
	if err != nil {
		return nil, err
	}
	return ship.NewWebhook(ship.WebhookConfig{URL: w.URL, Secret: w.Secret, TLS: trust, Now: now})
}

// trusted is a client's side of TLS; without a file the system's authorities
// are trusted.
func trusted(caFile string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(caFile) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	c.RootCAs.AppendCertsFromPEM(pem) // it was looked at when the configuration was read
	return c, nil
}

// follow has a sink follow the trail once the server runs.
func (a *app) follow(ctx context.Context, name string, sink ship.Sink) error {
	s, err := ship.New(ctx, ship.Config{
		Name: name, Source: audit.NewReader(auditPath(a.cfg), nil), Sink: sink, Logger: a.logger, Now: now,
		Mark:   filepath.Join(a.cfg.DataDir, "audit", name+".sent"),
		Rounds: a.roll.Enter("following the trail: "+name, time.Second),
	})
	if err != nil {
		return err
	}
	a.shippers = append(a.shippers, s)
	return nil
}

// ship lets all followers follow until ctx ends.
func (a *app) ship(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range a.shippers {
		all.Go(func() { s.Run(ctx) })
	}
	all.Wait()
}
