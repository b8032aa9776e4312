package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/control"
	"mfaserver/internal/handshakes"
	"mfaserver/web"
)

// drainTime is how long running requests may take to end at a stop.
const drainTime = 15 * time.Second

// serve answers on the listener until ctx ends, then drains. whenReady is
// called once when everything listens; its error stops the server.
func (a *app) serve(ctx context.Context, listener net.Listener, whenReady func() error) error {
	a.address = listener.Addr()
	var err error
	a.shown, err = a.certificate(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	handler, err := a.handler() //nolint:contextcheck // pages have the context of their request
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if a.behind != nil {
		if err := errors.Join(a.recoverEngine(ctx), a.lookAtEngine(ctx)); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	if _, err := a.people.Settle(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	r := a.newReloader(handler)
	commands, err := a.listenControl(ctx, r)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer commands.Close() //nolint:errcheck // the socket is replaced at the next start
	if err := a.recorder.Record(ctx, audit.Event{Name: audit.ServerStart, Outcome: audit.OK, Actor: "system"}); err != nil {
		return errors.Join(err, listener.Close())
	}
	stopMetrics, err := a.serveMetrics(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stopMetrics()
	server := web.HTTPServer(r.front, a.logger)
	gate := handshakes.New()
	listener = a.crowd.Listen(listener)
	server.TLSConfig = a.shown.config()
	server.TLSConfig.GetConfigForClient = gate.Turn
	return a.run(ctx, r, server, gate.Listen(listener), whenReady)
}

// run serves and sweeps until stop ends or the server fails. A stop is said at
// /readyz first, for the delay of the configuration.
func (a *app) run(stop context.Context, r *reloader, server *http.Server, listener net.Listener, whenReady func() error) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(stop))
	defer cancel()
	var background sync.WaitGroup
	background.Go(func() { a.sweep(ctx) })
	r.start(ctx)
	background.Go(func() { a.primeStats(ctx) })
	background.Go(func() { a.reports.attend(ctx) })
	signals, endSignals := hangups()
	defer endSignals()
	background.Go(func() { a.onHangup(ctx, signals, r) })
	failed := make(chan error, 2)
	if a.behind != nil {
		background.Go(func() {
			if err := a.watchEngine(ctx); err != nil {
				failed <- err
			}
		})
	}
	background.Go(func() { failed <- server.ServeTLS(listener, "", "") })
	a.health.Serving()
	err := whenReady()
	if err == nil {
		err = a.untilStop(stop, failed)
	}
	a.health.Draining()
	cancel()
	err = errors.Join(err, a.drain(ctx, server))
	background.Wait()
	r.stop()
	return err
}

// untilStop waits for the stop, and then as long as it is to be announced.
func (a *app) untilStop(stop context.Context, failed <-chan error) error {
	select {
	case <-stop.Done():
	case err := <-failed:
		return err
	}
	a.health.Draining()
	delay := time.NewTimer(a.latest().cfg.DrainDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
		return nil
	case err := <-failed:
		return err
	}
}

// drain lets running requests end, for a while.
func (a *app) drain(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		a.logger.WarnContext(ctx, "requests were cut off at the stop", "err", err)
		return server.Close()
	}
	return a.recorder.Record(ctx, audit.Event{Name: audit.ServerStop, Outcome: audit.OK, Actor: "system"})
}

// certificate is the configured one, or a self-signed one for the names of
// the public URLs, whose fingerprint is logged for clients to compare.
func (a *app) certificate(ctx context.Context) (*shownCertificate, error) {
	shown := &shownCertificate{logger: a.logger}
	if a.cfg.TLS.CertFile != "" {
		cert, err := loadCertificate(a.cfg.TLS)
		shown.current.Store(cert)
		return shown, err
	}
	names, err := publicNames(a.cfg)
	if err != nil {
		return nil, err
	}
	cert, err := selfSigned(a.cfg.DataDir, names, now())
	if err != nil {
		return nil, err
	}
	a.logger.WarnContext(ctx, "using a self-signed certificate; clients must be told to trust it",
		"file", filepath.Join(a.cfg.DataDir, "tls.crt"), "sha256", fingerprint(cert))
	shown.current.Store(&certificate{Certificate: cert})
	return shown, nil
}

func (a *app) listenControl(ctx context.Context, r *reloader) (*control.Server, error) {
	return control.Listen(ctx, control.Config{
		Path:      controlSocket(a.cfg),
		Commands:  r.commands(a.commands()),
		Sentinels: sentinels(),
		Logger:    a.logger,
		Refused: func(ctx context.Context, uid int) {
			e := audit.Event{Name: audit.ControlRefused, Outcome: audit.Refused, Actor: control.Caller{UID: uid}.String()}
			if err := a.recorder.Record(ctx, e); err != nil {
				a.logger.ErrorContext(ctx, "audit trail failed", "err", err)
			}
		},
	})
}
