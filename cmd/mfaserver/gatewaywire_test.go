package main_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/mirthtest"
)

var recordedID = regexp.MustCompile(`JSESSIONID=[^;\s]+`)

// The byte streams of the engine's own clients, as they were recorded, through
// the gateway: push in the one call they know, and answers that they can read.
func TestRecordedClientsThroughTheGateway(t *testing.T) {
	t.Parallel()
	b := startGateway(t, []string{"admin", "duo1", "ext1"}, nil)
	b.engine.SetUser(mirthtest.User{Name: "admin", Password: "admin"})
	for _, name := range []string{"duo1", "ext1"} {
		b.engine.SetUser(mirthtest.User{Name: name, Password: "Secret1"})
	}
	for name, want := range map[string]string{
		"09a-javaclient-login-current-logout":             "200 200 200 204 401",
		"09b-javaclient-wrong-password":                   "200 401",
		"09c-javaclient-server-url-and-login-data":        "200 401 401 401 401", // its login data are of no login
		"09e-mccommand":                                   "200 200 200 200 204",
		"12w-javaclient-mfa-leg1-class-unknown-to-client": "200 200",
		"12w2-javaclient-mfa-leg1-class-known-to-client":  "200 200",
		"12w3-javaclient-mfa-leg1-ExtendedLoginStatus":    "200 200",
		"12w4-javaclient-mfa-leg2-ok":                     "200 401 401 401 401",
		"12w5-javaclient-mfa-leg2-fail":                   "200 401",
		"12w6-mccommand-mfa-leg1-ExtendedLoginStatus":     "200",
		"12w7-mccommand-wrong-password":                   "401",
	} {
		t.Run(name, func(t *testing.T) {
			stream, err := mirthtest.ClientSide(filepath.Join("../../testdata/engine/wire", name+".wire"))
			if err != nil {
				t.Fatal(err)
			}
			got := b.replay(t, stream)
			if got := strings.Join(got, " "); got != want {
				t.Errorf("answered %s, want %s", got, want)
			}
		})
	}
}

// replay writes a client's stream, with the session it is given in the place
// of the recorded one, and returns the status codes.
func (b *gatewayBench) replay(t *testing.T, stream []string) []string {
	t.Helper()
	conn := b.dial(t)
	answers := bufio.NewReader(conn)
	cookie := ""
	var codes []string
	for _, request := range stream {
		if cookie != "" {
			request = recordedID.ReplaceAllString(request, cookie)
		}
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		method, _, _ := strings.Cut(request, " ")
		resp, err := http.ReadResponse(answers, &http.Request{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, strconv.Itoa(resp.StatusCode))
		readable(t, request, resp, body)
		for _, line := range resp.Header.Values("Set-Cookie") {
			if id := recordedID.FindString(line); id != "" && resp.StatusCode == http.StatusOK {
				cookie = id
			}
		}
	}
	return codes
}

// dial opens a connection as the recorded clients had it.
func (b *gatewayBench) dial(t *testing.T) *tls.Conn {
	t.Helper()
	pem, err := os.ReadFile(b.caFiles[0])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(b.server, "https://"), &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// readable fails the test for an answer that makes the Java client throw: a
// cookie with Expires, which it drops, a status it does not know, a class it
// does not know, JSON with more than one root.
func readable(t *testing.T, request string, resp *http.Response, body []byte) {
	t.Helper()
	line, _, _ := strings.Cut(request, "\r\n")
	for _, cookie := range resp.Header.Values("Set-Cookie") {
		if strings.Contains(strings.ToLower(cookie), "expires=") {
			t.Errorf("%s: cookie with Expires: %s", line, cookie)
		}
	}
	if strings.Contains(line, "/users/_login") {
		parsed, err := mirth.ParseLoginStatus(body, resp.Header.Get("Content-Type"))
		if _, ok := parsed.(mirth.LoginStatus); err != nil || !ok {
			t.Errorf("%s: %T, %v: %s", line, parsed, err, body)
		}
		return
	}
	if resp.StatusCode == http.StatusUnauthorized && len(body) > 0 {
		var roots map[string]json.RawMessage
		if err := json.Unmarshal(body, &roots); err != nil || len(roots) != 1 {
			t.Errorf("%s: 401 with %d roots: %s", line, len(roots), body)
		}
	}
}
