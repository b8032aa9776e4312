package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"mfaserver/internal/audit/ship"
	"mfaserver/internal/config"
	"mfaserver/internal/expiry"
	"mfaserver/internal/health"
	"mfaserver/internal/metrics"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web"
)

func newMetrics() *metrics.Metrics {
	return metrics.New(metrics.Config{Version: programVersion(), Organization: config.DefaultOrganization, Now: now})
}

// openMetrics shows what is a state and not an event.
func (a *app) openMetrics() {
	a.health = a.newHealth()
	s := metrics.State{
		Counts:       func(ctx context.Context) (sessions, pending int, err error) { return a.db.Counts(ctx, now()) },
		Certificates: func() []expiry.Certificate { return a.latest().certificates() },
		Duties:       a.roll.States,
		Sinks: func() []ship.Status {
			var all []ship.Status
			for _, f := range a.latest().followers {
				all = append(all, f.shipper.Status())
			}
			return all
		},
		LastRecord:  a.trail.Last,
		Connections: a.crowd.Figures,
		Ready:       func() bool { return a.health.Report(context.Background()).Ready },
	}
	if a.directory != nil {
		s.Hashing = a.directory.Hashing
	}
	a.metrics.Show(s)
}

// measuredSessions is the store of sessions, measured where somebody may ask.
func (a *app) measuredSessions() session.Store {
	if a.cfg.Metrics.Listen == "" {
		return a.db.Sessions()
	}
	return a.metrics.Sessions(a.db.Sessions())
}

// measuredTransactions is the same for pending logins.
func (a *app) measuredTransactions() mfa.Transactions {
	if a.cfg.Metrics.Listen == "" {
		return a.db.Transactions()
	}
	return a.metrics.Transactions(a.db.Transactions())
}

// serveMetrics shows figures and health on a listener of their own, until stop
// is called; without one configured it does nothing. It is there before the
// server takes requests and goes on while it drains.
func (a *app) serveMetrics(ctx context.Context) (stop func(), err error) {
	c := a.cfg.Metrics
	if c.Listen == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("metrics.listen: %w", err)
	}
	server := web.HTTPServer(within(c.Networks, a.operatorsHandler()), a.logger)
	serve := func() error { return server.Serve(listener) }
	if c.TLS {
		server.TLSConfig = a.shown.config()
		serve = func() error { return server.ServeTLS(listener, "", "") }
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := serve(); !errors.Is(err, http.ErrServerClosed) {
			a.logger.ErrorContext(ctx, "metrics are not shown any more", "err", err)
		}
	}()
	a.logger.InfoContext(ctx, "metrics", "address", listener.Addr().String(), "tls", c.TLS)
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // a scrape that does not end
		}
		<-ended
	}, nil
}

// operatorsHandler shows figures, and health with its reasons.
func (a *app) operatorsHandler() http.Handler {
	asked := a.health.Handler(func(*http.Request) bool { return true })
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.Handler())
	mux.Handle(health.PathAlive, asked)
	mux.Handle(health.PathReady, asked)
	return mux
}

// within hides a handler from all other networks.
func within(networks []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err == nil {
			addr := peer.Addr().Unmap().WithZone("")
			for _, n := range networks {
				if n.Contains(addr) {
					next.ServeHTTP(w, r)
					return
				}
			}
		}
		w.WriteHeader(http.StatusNotFound)
	})
}
