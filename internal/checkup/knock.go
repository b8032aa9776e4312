package checkup

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"mfaserver/internal/mirth"
)

// visit is what was seen at an address.
type visit struct {
	answers bool
	// leaf is the certificate shown, nil without TLS.
	leaf *x509.Certificate
	// version is what an engine says of itself there, or empty.
	version string
}

// longestVersion bounds what is read of an answer.
const longestVersion = 256

// knock looks who answers at an address, as the engine of base would. It sends
// what anybody may: the question for the version.
func (g *gateway) knock(ctx context.Context, base *url.URL, address string) visit {
	ctx, cancel := context.WithTimeout(ctx, knockTime)
	defer cancel()
	conn, err := g.Dial(ctx, "tcp", address)
	if err != nil {
		return visit{}
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	if deadline, ok := ctx.Deadline(); ok {
		// A connection that takes no deadline is closed by the context below.
		_ = conn.SetDeadline(deadline)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	seen := visit{answers: true}
	if base.Scheme == "https" {
		secured := tls.Client(conn, &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // G402: it is looked at, not trusted, and gets no secret
			ServerName:         serverName(base.Hostname()),
		})
		if err := secured.HandshakeContext(ctx); err != nil {
			return visit{} // no engine
		}
		seen.leaf, conn = secured.ConnectionState().PeerCertificates[0], secured
	}
	seen.version = askVersion(ctx, conn, base)
	return seen
}

// serverName is what TLS names; an address is not a name.
func serverName(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	return host
}

// askVersion is empty when no engine answers.
func askVersion(ctx context.Context, conn net.Conn, base *url.URL) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("/api/server/version").String(), http.NoBody)
	if err != nil {
		return ""
	}
	r.Header.Set("X-Requested-With", "mfaserver")
	r.Header.Set("Accept", "text/plain")
	r.Close = true
	if err := r.Write(conn); err != nil {
		return ""
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, 64<<10)), r)
	if err != nil {
		return ""
	}
	defer resp.Body.Close() //nolint:errcheck // nothing is lost
	if resp.StatusCode != http.StatusOK {
		return ""
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestVersion))
	text := strings.TrimSpace(string(body))
	if _, unread := mirth.CompareVersions(text, mirth.OldestSafe); err != nil || unread != nil {
		return ""
	}
	return text
}
