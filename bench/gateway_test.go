package bench_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/secret"
	"mfaserver/web"
	"mfaserver/web/gateway"
)

// engineAnswer is 1 KiB with the headers of an engine.
var engineAnswer = "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nAccess-Control-Allow-Origin: *\r\n" +
	"Access-Control-Allow-Credentials: false\r\nAccess-Control-Allow-Methods: GET, POST, DELETE, PUT\r\nAccess-Control-Allow-Headers: Content-Type\r\n" +
	"Content-Security-Policy: frame-ancestors 'none'\r\nX-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n" +
	"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\nContent-Type: application/xml\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024)

// gatewayRows measure a GET of 1 KiB through the gateway beside a bare
// ReverseProxy with the same transport, and beside nginx where there is one.
func gatewayRows(tb testing.TB, s scale) []row {
	tb.Helper()
	target := answers(tb, engineAnswer)
	client, err := engine.New(engine.Config{URL: target, AllowHTTP: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	ours := newSite(tb, onDisk(tb), noDuo(tb), "https://localhost:8443", behind(tb, client))
	cookie := ours.signedIn(tb, []byte("n0de0abcdefghijklmnopqrstuvwx0"))
	request := "GET /api/channels HTTP/1.1\r\nHost: localhost:8443\r\nX-Requested-With: bench\r\nAccept: application/xml\r\nUser-Agent: bench\r\nCookie: " + cookie + "\r\n\r\n"
	through := newFlood(tb, s.clients, s.requests, plain(tb, ours), request)
	bare := newFlood(tb, s.clients, s.requests, plain(tb, bareProxy(tb, client)), request)
	rates, tails := race(tb, s.rounds+30, through, bare)
	rows := []row{
		{
			name: "gateway-get", what: "a GET of 1 KiB through the gateway, of a bare ReverseProxy", unit: "x", bar: bar{atLeast, 0.95},
			rounds: ratios(rates[0], rates[1]), context: both("bare ReverseProxy", rates[0], rates[1], "a second"),
		},
		{
			name: "gateway-p99", what: "its 99th percentile, of the bare one's", unit: "x", bar: bar{atMost, 1.2},
			rounds: ratios(tails[0], tails[1]), context: both("bare ReverseProxy", scaled(tails[0], 1000), scaled(tails[1], 1000), "ms"),
		},
	}
	if nginx := startNginx(tb, target); nginx != "" {
		rates, _ := race(tb, s.rounds, through, newFlood(tb, s.clients, s.requests, nginx, request))
		rows = append(rows, row{
			name: "gateway-nginx", what: "the same, of nginx (proxy_pass, no session check)", unit: "x",
			rounds: ratios(rates[0], rates[1]), context: both("nginx", rates[0], rates[1], "a second"),
		})
	}
	return rows
}

func scaled(all []float64, by float64) []float64 {
	out := make([]float64, len(all))
	for i, v := range all {
		out[i] = v * by
	}
	return out
}

// bareProxy is what one writes in a minute.
func bareProxy(tb testing.TB, c *engine.Client) http.Handler {
	tb.Helper()
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(c.Base())
			p.SetXForwarded()
		},
		Transport: c.Transport(),
	}
}

// plainCarry takes a carry for the cookie itself.
type plainCarry struct{}

// Cookie implements [gateway.Cookies].
func (plainCarry) Cookie(_ string, carry []byte) (secret.Secret, error) {
	return secret.New(string(carry)), nil
}

// Adopt and Release implement [web.Upstream].
func (plainCarry) Adopt(context.Context, string, []byte) error { return nil }
func (plainCarry) Release(context.Context, string, []byte)     {}

// quietEngine is asked nothing here.
type quietEngine struct{}

func (quietEngine) Version(context.Context) (string, error)   { return "4.5.2", nil }
func (quietEngine) Status(context.Context) (mirth.Int, error) { return 0, nil }
func (quietEngine) OpenAPI(context.Context) ([]byte, error)   { return []byte("{}"), nil }

// behind puts a gateway into a site.
func behind(tb testing.TB, c *engine.Client) func(*site) {
	tb.Helper()
	return func(s *site) {
		g, err := gateway.New(gateway.Config{
			Target: c.Base(), Transport: c.Transport(), Engine: quietEngine{}, Client: web.ClientAddr(nil), RequestID: web.RequestID,
			Cookies: plainCarry{}, Sessions: s.sessions, PublicURLs: []string{"https://localhost:8443"}, Recorder: s.deps.Recorder,
			Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			tb.Fatal(err)
		}
		s.deps.Gateway, s.deps.Upstream, s.deps.Directory = g, plainCarry{}, nil
	}
}

func hostOf(tb testing.TB, address string) string {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	return u.Host
}

// nginxConfig takes a folder, the port to listen on, and the engine.
const nginxConfig = `daemon off; pid %[1]s/pid; error_log %[1]s/error.log; worker_processes auto;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  upstream engine { server %[3]s; keepalive 64; }
  server {
    listen 127.0.0.1:%[2]d; keepalive_requests 100000000;
    location / { proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr; }
  }
}
`

func nginxText(dir string, port int, target string) string {
	return fmt.Sprintf(nginxConfig, dir, port, target)
}
