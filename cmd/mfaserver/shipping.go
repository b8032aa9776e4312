package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"mfaserver/internal/alert"
	"mfaserver/internal/audit/ship"
	"mfaserver/internal/config"
)

// openShipping makes what follows the audit trail: the watch that raises
// alerts, and the sinks of the configuration.
func (a *app) openShipping(ctx context.Context) error {
	err := a.follow(ctx, "alerts", a.cfg.Alerts, caFile(a.cfg.Alerts.Webhook), func() (ship.Sink, error) { return a.alertWatch() })
	if err != nil {
		return err
	}
	if s := a.cfg.Audit.Syslog; s != nil {
		if err := a.follow(ctx, "syslog", *s, s.CAFile, func() (ship.Sink, error) { return syslogSink(s) }); err != nil {
			return err
		}
	}
	if w := a.cfg.Audit.Webhook; w != nil {
		return a.follow(ctx, "webhook", *w, w.CAFile, func() (ship.Sink, error) {
			sink, err := webhook(w)
			if err != nil {
				return nil, fmt.Errorf("audit.webhook: %w", err)
			}
			return sink, nil
		})
	}
	return nil
}

func syslogSink(s *config.Syslog) (ship.Sink, error) {
	trust, err := trusted(s.CAFile)
	if err != nil {
		return nil, err
	}
	sink, err := ship.NewSyslog(ship.SyslogConfig{URL: s.URL, TLS: trust, Facility: s.Facility, Application: "mfaserver"})
	if err != nil {
		return nil, fmt.Errorf("audit.syslog: %w", err)
	}
	return sink, nil
}

func caFile(w *config.Webhook) string {
	if w == nil {
		return ""
	}
	return w.CAFile
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
