package web_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/mfa"
	"mfaserver/session"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/web/name at the root of the module.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "testdata", "web", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s\nwant\n%s", name, got, want)
	}
}

// headersOf writes an answer down without what changes from one to the next.
func headersOf(a answer) string {
	var lines []string
	for name, values := range a.Header {
		for _, v := range values {
			switch name {
			case "Date", "X-Request-Id":
				v = "(changes)"
			case "Content-Length":
				v = "(length)"
			}
			lines = append(lines, name+": "+withoutNonceHeader(v))
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d\n%s\n", a.StatusCode, strings.Join(lines, "\n"))
}

func withoutNonceHeader(v string) string { return nonce.ReplaceAllString(v, "nonce${1}N") }

// Threats T032, T049, T050: what every kind of answer carries. Threat T108:
// the cookies.
func TestHeaders(t *testing.T) {
	t.Parallel()
	ok := newSite(t, newWorld())
	broken := newWorld()
	broken.authenticate = func(primary.Attempt) (primary.Result, error) {
		return primary.Result{}, &primary.ThrottledError{RetryAfter: time.Minute}
	}
	broken.redeem = func(mfa.RedeemRequest) (*mfa.Grant, error) { return nil, errors.Join(mfa.ErrUnavailable, errDisk) }
	broken.loadErr = session.ErrUnavailable
	down := newSite(t, broken)
	for name, got := range map[string]answer{
		"challenge":      ok.first(t, "admin", "right"),
		"denied":         ok.first(t, "admin", "wrong"),
		"hint":           ok.first(t, "admin", "right", "X-Mirth-Server-Url", ""),
		"success":        ok.second(t, "admin", loginData),
		"throttled":      down.first(t, "admin", "right"),
		"unavailable":    down.second(t, "admin", loginData),
		"store-down":     down.send(t, "GET", "/api/users/current", "", "Cookie", cookie),
		"user":           ok.send(t, "GET", "/api/users/current", "", "Cookie", cookie),
		"version":        ok.send(t, "GET", "/api/server/version", "", "Accept", "text/plain"),
		"openapi":        ok.send(t, "GET", "/api/openapi.json", ""),
		"no-session":     ok.send(t, "GET", "/api/users/current", ""),
		"no-session-txt": ok.send(t, "GET", "/api/users/current", "", "Accept", "application/json"),
		"not-found":      ok.send(t, "GET", "/nowhere", ""),
		"bad-target":     ok.raw(t, loginTo("POST", "/api//users/_login")),
		"bad-method":     ok.send(t, "PUT", "/api/users/_login", ""),
		"bad-form":       ok.send(t, "POST", "/api/users/_login", "%zz"),
		"options":        ok.send(t, "OPTIONS", "/api/users/current", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "GET"),
		"callback":       ok.browser(t, "GET", callbackAt+goodQuery, ""),
		"callback-bad":   ok.browser(t, "GET", callbackAt, ""),
		"callback-deny":  ok.press(t, form("action", "deny", "state", state)),
	} {
		for header := range got.Header {
			if strings.HasPrefix(header, "Access-Control") || header == "Etag" || header == "Server" || header == "X-Powered-By" || header == "Expires" {
				t.Errorf("%s has %s", name, header)
			}
		}
		golden(t, filepath.Join("headers", name+".txt"), headersOf(got))
	}
	logout := newSite(t, newWorld())
	golden(t, filepath.Join("headers", "logout.txt"), headersOf(logout.send(t, "POST", "/api/users/_logout", "", "Cookie", cookie)))
}
