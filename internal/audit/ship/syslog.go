package ship

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/audit"
)

// FacilityAuthPriv is the facility of RFC 5424 section 6.2.1 that audit trails
// mostly use.
const FacilityAuthPriv = 10

// Severities of RFC 5424 section 6.2.1.
const (
	severityWarning = 4
	severityNotice  = 5
	severityInfo    = 6
)

// SyslogConfig says where a syslog server is.
type SyslogConfig struct {
	// URL is tls://host:port (RFC 5425), tcp://host:port (RFC 6587, counted
	// octets) or udp://host:port (RFC 5426). Only tls hides and protects what
	// is sent; udp loses what the network loses.
	URL string
	// TLS is for tls; its ServerName is filled in. nil trusts the system's
	// authorities.
	TLS *tls.Config
	// Facility is 0 to 23; [FacilityAuthPriv] is usual.
	Facility int
	// Application is the APP-NAME of every message.
	Application string
}

// Syslog sends records as messages of RFC 5424: the line of the trail is the
// message, so that the chain can be checked where it arrives. Its connection
// is kept and made anew after a failure; TCP tells nothing of messages that
// were under way when it broke.
type Syslog struct {
	network, address string
	tls              *tls.Config
	facility         int
	application      string
	process          string
	dialer           net.Dialer
	conn             net.Conn
}

// NewSyslog checks the configuration; errors match [ErrConfig]. Nothing is
// dialled yet.
func NewSyslog(c SyslogConfig) (*Syslog, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Port() == "" || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%w: the syslog server is tls://host:port, tcp://host:port or udp://host:port", ErrConfig)
	}
	s := &Syslog{
		network: "tcp", address: u.Host, facility: c.Facility, application: c.Application,
		process: strconv.Itoa(os.Getpid()), dialer: net.Dialer{Timeout: 10 * time.Second},
	}
	switch u.Scheme {
	case "tls":
		s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
		if c.TLS != nil {
			s.tls = c.TLS.Clone()
		}
		s.tls.ServerName = u.Hostname()
	case "tcp":
	case "udp":
		s.network = "udp"
	default:
		return nil, fmt.Errorf("%w: no such way to a syslog server: %q", ErrConfig, u.Scheme)
	}
	if c.Facility < 0 || c.Facility > 23 || !printUSASCII(c.Application, 48) {
		return nil, fmt.Errorf("%w: facility %d or application name %q", ErrConfig, c.Facility, c.Application)
	}
	return s, nil
}

// Send implements [Sink].
func (s *Syslog) Send(ctx context.Context, records []audit.Entry) error {
	if err := s.connect(ctx); err != nil {
		return fmt.Errorf("ship: syslog: %w", err)
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(sendTime) //nolint:forbidigo // sockets know only the real clock
	}
	err := s.conn.SetWriteDeadline(deadline)
	var buf bytes.Buffer
	for i := range records {
		message := s.message(&records[i])
		if s.network == "udp" {
			_, werr := s.conn.Write(message)
			err = errors.Join(err, werr)
			continue
		}
		fmt.Fprintf(&buf, "%d ", len(message)) // RFC 6587 section 3.4.1
		buf.Write(message)
	}
	if err == nil && buf.Len() > 0 {
		_, err = s.conn.Write(buf.Bytes())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("ship: syslog: %w", err), s.Close())
	}
	return nil
}

// connect dials where there is no connection, or where the server has closed
// it.
func (s *Syslog) connect(ctx context.Context) error {
	if s.conn != nil && s.network == "tcp" && closed(s.conn) {
		_ = s.Close()
	}
	if s.conn != nil {
		return nil
	}
	var err error
	if s.tls != nil {
		s.conn, err = (&tls.Dialer{NetDialer: &s.dialer, Config: s.tls}).DialContext(ctx, s.network, s.address)
	} else {
		s.conn, err = s.dialer.DialContext(ctx, s.network, s.address)
	}
	if err != nil {
		s.conn = nil
	}
	return err
}

// closed reports whether the other side has closed a connection on which it
// never says anything: writing would seem to work once more.
func closed(c net.Conn) bool {
	var one [1]byte
	if c.SetReadDeadline(time.Now().Add(time.Millisecond)) != nil { //nolint:forbidigo // sockets know only the real clock
		return true
	}
	_, err := c.Read(one[:])
	t, ok := errors.AsType[net.Error](err)
	return err != nil && (!ok || !t.Timeout())
}

// Close implements [Sink].
func (s *Syslog) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}

// message is a record as RFC 5424 section 6 wants it, without structured data.
func (s *Syslog) message(e *audit.Entry) []byte {
	host := e.Node
	if !printUSASCII(host, 255) {
		host = "-"
	}
	b := fmt.Appendf(nil, "<%d>1 %s %s %s %s %s - ", s.facility*8+severity(e),
		e.Time.UTC().Format("2006-01-02T15:04:05.000000Z"), host, s.application, s.process, messageID(e.Name))
	return bytes.TrimSuffix(e.AppendLine(b), []byte{'\n'})
}

// severity: what was refused or failed should be noticed.
func severity(e *audit.Entry) int {
	switch {
	case strings.HasPrefix(string(e.Name), "alert."), e.Outcome == audit.Failed:
		return severityWarning
	case e.Outcome == audit.Refused:
		return severityNotice
	default:
		return severityInfo
	}
}

// messageID is the event's name in the 32 octets that MSGID has.
func messageID(n audit.Name) string { return string(n[:min(len(n), 32)]) }

// printUSASCII tests for PRINTUSASCII of RFC 5424, 1 to most octets.
func printUSASCII(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 33 || r > 126 })
}
