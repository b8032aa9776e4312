package duoclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	errPrivateAddress = errors.New("name of Duo's host resolves to a private address")
	errProxyRefuses   = errors.New("the proxy refuses us")
	errProxyDown      = errors.New("the proxy cannot reach Duo")
)

// newTransport builds the one transport of a road. The roots stand in
// TLSClientConfig, where they also hold inside a proxy's tunnel; a dial hook
// would be bypassed there.
func newTransport(c roadConfig, ca CA) *http.Transport {
	l := c.options.limits
	t := &http.Transport{
		DialContext:            dialer(c),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: ca.pool},
		TLSHandshakeTimeout:    l.handshake,
		ResponseHeaderTimeout:  l.header,
		MaxResponseHeaderBytes: l.body,
		DisableCompression:     true,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    16,
		// Duo closes idle connections after 60 s.
		IdleConnTimeout: 45 * time.Second,
		Protocols:       new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	if c.proxy != nil {
		t.Proxy = http.ProxyURL(c.proxy)
		t.OnProxyConnectResponse = proxyAnswer
	}
	return t
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func dialer(c roadConfig) dialFunc {
	l := c.options.limits
	if c.options.dial != nil {
		return c.options.dial
	}
	guarded := !c.private && c.proxy == nil
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if c.options.redirectDial != nil {
			address = c.options.redirectDial(address)
		}
		var refused atomic.Bool
		d := net.Dialer{Timeout: l.connect}
		if guarded {
			d.Control = func(_, address string, _ syscall.RawConn) error {
				if publicAddress(address) {
					return nil
				}
				refused.Store(true)
				return errPrivateAddress
			}
		}
		conn, err := d.DialContext(ctx, network, address)
		switch {
		case err != nil && refused.Load():
			return nil, errPrivateAddress
		case err != nil:
			return nil, err
		case c.proxy != nil:
			return newTunnel(conn, l.connect), nil
		default:
			return conn, nil
		}
	}
}

// publicAddress reports whether an IP address and port is one where Duo may
// be: reachable from everywhere (IANA special-purpose registries, RFC 6890).
func publicAddress(address string) bool {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	a := ap.Addr().Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, special := range []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{0}), 8),             // this network
		netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10),      // carrier NAT
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 0}), 24),    // protocol assignments
		netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18}), 15),      // benchmarks
		netip.PrefixFrom(netip.AddrFrom4([4]byte{240}), 4),           // reserved
		netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfe, 0xc0}), 10), // site-local
	} {
		if special.Contains(a) {
			return false
		}
	}
	nat64 := netip.PrefixFrom(netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b}), 96)
	if nat64.Contains(a) {
		b := a.As16()
		return publicAddress(netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:])), ap.Port()).String())
	}
	return true
}

// proxyAnswer tells a proxy that does not want us from one that has no way to
// Duo.
func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	switch {
	case resp.StatusCode == http.StatusOK:
		return nil
	case resp.StatusCode >= 500:
		return fmt.Errorf("%w: HTTP %d", errProxyDown, resp.StatusCode)
	default:
		return fmt.Errorf("%w: HTTP %d", errProxyRefuses, resp.StatusCode)
	}
}

// tunnel is a connection to a proxy. It closes itself when the proxy does not
// answer the CONNECT in time: the transport goes on waiting for it for a
// minute, long after the call has ended.
type tunnel struct {
	net.Conn
	once  sync.Once
	timer *time.Timer
}

func newTunnel(conn net.Conn, wait time.Duration) *tunnel {
	return &tunnel{Conn: conn, timer: time.AfterFunc(wait, func() { _ = conn.Close() })}
}

func (t *tunnel) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.once.Do(func() { t.timer.Stop() })
	return n, err
}
