package engine

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	connectTimeout   = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	// proxyHeaderTimeout is how long the engine may think before it answers a
	// proxied request: a deployment of many channels takes minutes.
	proxyHeaderTimeout = 15 * time.Minute
	// idleTimeout is half of the engine's own (Jetty, 30 s), so that a
	// connection is rarely found dead.
	idleTimeout = 15 * time.Second
	maxIdle     = 128
	maxHeader   = 64 << 10
	bufferSize  = 32 << 10
)

var (
	errPin      = errors.New("certificate has none of the configured fingerprints")
	errLoopback = errors.New("http is for a loopback address only")
)

// newTransport waits headerTimeout for an answer's header; 0 leaves that to the
// context of the call.
func newTransport(config *tls.Config, loopbackOnly bool, headerTimeout time.Duration) *http.Transport {
	d := net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	if loopbackOnly {
		d.Control = func(_, address string, _ syscall.RawConn) error {
			if a, err := netip.ParseAddrPort(address); err != nil || !a.Addr().Unmap().IsLoopback() {
				return errLoopback
			}
			return nil
		}
	}
	t := &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    handshakeTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTimeout,
		ReadBufferSize:         bufferSize,
		WriteBufferSize:        bufferSize,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}

// roundTripper keeps requests of others from going elsewhere and from being
// sent twice.
type roundTripper struct {
	base      *url.URL
	transport *http.Transport
}

// RoundTrip implements [http.RoundTripper].
func (t *roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != t.base.Scheme || !strings.EqualFold(r.URL.Host, t.base.Host) {
		if r.Body != nil {
			_ = r.Body.Close() // as RoundTrip must; nobody reads it
		}
		return nil, ErrForeign
	}
	out := r.WithContext(r.Context()) // the caller's request must stay as it is
	out.GetBody = nil
	if !idempotent(r.Method) && hasIdempotencyKey(r.Header) {
		// net/http takes these headers as leave to send a POST again.
		out.Header = r.Header.Clone()
		out.Header.Del("Idempotency-Key")
		out.Header.Del("X-Idempotency-Key")
	}
	return t.transport.RoundTrip(out)
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] reach through.
func (t *roundTripper) CloseIdleConnections() { t.transport.CloseIdleConnections() }

func hasIdempotencyKey(h http.Header) bool {
	_, plain := h["Idempotency-Key"]
	_, extra := h["X-Idempotency-Key"]
	return plain || extra
}

func idempotent(method string) bool {
	switch method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	default:
		return false
	}
}
