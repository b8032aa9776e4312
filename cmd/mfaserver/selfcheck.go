package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
)

// selfCheckTime bounds each question of a self check.
const selfCheckTime = 5 * time.Second

// errForeign: somebody else answers on the address that is ours.
var errForeign = errors.New("another server answers on the address of this one")

// part is one thing that a running server looks at of itself.
type part struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Fault string `json:"fault,omitempty"`
}

// selfCheck looks at what a login needs of this machine: an answer on the
// listener, the store, the audit trail's place. Duo and the engine are not asked:
// a restart mends neither.
func (a *app) selfCheck(ctx context.Context) []part {
	return []part{
		look(ctx, "listener", a.answers),
		look(ctx, "store", a.db.Check),
	}
}

func look(ctx context.Context, name string, question func(context.Context) error) part {
	ctx, cancel := context.WithTimeout(ctx, selfCheckTime)
	defer cancel()
	if err := question(ctx); err != nil {
		return part{Name: name, Fault: sentence(err)}
	}
	return part{Name: name, OK: true}
}

// answers asks this server over its own listener, as a client does, for a page
// that it does not have: any answer will do, if it comes with our certificate.
func (a *app) answers(ctx context.Context) error {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", ownAddress(a.address))
		},
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // G402: compared with our own, just below
			VerifyConnection: func(s tls.ConnectionState) error {
				if cert := a.shown.current.Load(); len(s.PeerCertificates) == 0 || !slices.Equal(s.PeerCertificates[0].Raw, cert.Certificate.Certificate[0]) {
					return errForeign
				}
				return nil
			},
		},
		DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.cfg.PublicURLs[0]+"/self-check", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("no answer on %s: %w", a.address, err)
	}
	return answer.Body.Close()
}

// ownAddress is where a listener can be reached from this machine.
func ownAddress(listener net.Addr) string {
	tcp, ok := listener.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return listener.String()
	}
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}).String()
}
