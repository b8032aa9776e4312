package ship

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
)

// The headers of a delivery. The signature is the HMAC-SHA256, in hexadecimal
// digits, of the value of Mfaserver-Timestamp, a dot, and the body.
const (
	HeaderSignature = "Mfaserver-Signature"
	HeaderTimestamp = "Mfaserver-Timestamp"
	HeaderFirst     = "Mfaserver-First-Sequence"
)

// ErrRefused means that the receiver answered with another status than 2xx.
var ErrRefused = errors.New("ship: delivery refused")

// WebhookConfig says where records are posted.
type WebhookConfig struct {
	// URL is https, or http on this machine.
	URL string
	// Secret signs each delivery; required.
	Secret secret.Secret
	// TLS may hold authorities of its own; nil trusts the system's.
	TLS *tls.Config
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Webhook posts records as JSON lines (application/x-ndjson), the lines of the
// trail byte for byte. A receiver tells repeated deliveries by the sequence of
// the first record, and old ones by the timestamp, which is signed too.
type Webhook struct {
	url    string
	secret secret.Secret
	now    func() time.Time
	client *http.Client
}

// NewWebhook checks the configuration; errors match [ErrConfig].
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	u, err := url.Parse(c.URL)
	local := err == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, fmt.Errorf("%w: the webhook needs an https URL", ErrConfig)
	}
	if c.Secret.Reveal() == "" {
		return nil, fmt.Errorf("%w: the webhook has no secret to sign with", ErrConfig)
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // the one real clock of this package
	}
	transport := &http.Transport{
		TLSClientConfig: c.TLS, MaxIdleConns: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
		ResponseHeaderTimeout: 20 * time.Second, ForceAttemptHTTP2: true, Proxy: http.ProxyFromEnvironment,
	}
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &Webhook{
		url: u.String(), secret: c.Secret, now: c.Now,
		client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// Send implements [Sink].
func (h *Webhook) Send(ctx context.Context, records []audit.Entry) error {
	if len(records) == 0 {
		return nil
	}
	var body []byte
	for i := range records {
		body = records[i].AppendLine(body)
	}
	return h.Post(ctx, "application/x-ndjson", strconv.FormatUint(records[0].Sequence, 10), body)
}

// Post delivers one body, signed like the others; first is the sequence of the
// record that it begins with, or is about. Another status than 2xx is
// [ErrRefused].
func (h *Webhook) Post(ctx context.Context, media, first string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ship: webhook: %w", err)
	}
	at := strconv.FormatInt(h.now().Unix(), 10)
	r.Header.Set("Content-Type", media)
	r.Header.Set("User-Agent", "mfaserver")
	r.Header.Set(HeaderTimestamp, at)
	r.Header.Set(HeaderFirst, first)
	r.Header.Set(HeaderSignature, Sign(h.secret, at, body))
	resp, err := h.client.Do(r)
	if err != nil {
		return fmt.Errorf("ship: webhook: %w", err)
	}
	// What it says is of no use; reading some of it keeps the connection.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096))
	_ = resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("%w: the webhook answered %d", ErrRefused, resp.StatusCode)
	}
	return nil
}

// Close implements [Sink].
func (h *Webhook) Close() error {
	h.client.CloseIdleConnections()
	return nil
}

// Sign is the signature of a delivery with that timestamp and body.
func Sign(key secret.Secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	_, _ = io.WriteString(mac, timestamp+".")
	_, _ = mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
