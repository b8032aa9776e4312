package main_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mfaserver/internal/audit/ship"
	"mfaserver/internal/secret"
)

// Threat T198: a refused sign-in is told of while it is fresh, and the syslog
// server gets the trail, the alert included.
func TestAlertsAndSyslog(t *testing.T) {
	t.Parallel()
	const key = "a shared secret of the test"
	alerts := make(chan map[string]any, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var a map[string]any
		if err != nil || json.Unmarshal(body, &a) != nil || r.Header.Get(ship.HeaderSignature) != ship.Sign(secret.New(key), r.Header.Get(ship.HeaderTimestamp), body) {
			t.Errorf("delivery %q, %v", body, err)
			return
		}
		alerts <- a
	}))
	t.Cleanup(hook.Close)
	siem, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = siem.Close() })
	duo := newDuo(t)
	var config string
	_, c := serveWith(t, duo, func(text string) string {
		config = configPath(text)
		return text + "audit: {syslog: {url: \"tcp://" + siem.Addr().String() + "\"}}\n" +
			"alerts: {webhook: {url: \"" + hook.URL + "\", secret: \"" + key + "\"}}\n"
	})
	status := c.challenge(t, "test1", "correct horse battery")
	data := c.approve(t, "test1", status)
	c.second(t, "test1", data)
	if again := c.second(t, "test1", data); again.status != http.StatusUnauthorized {
		t.Fatalf("replay = %d", again.status)
	}
	alert := <-alerts
	if alert["rule"] != "replay" || alert["user"] != "test1" || alert["severity"] != "medium" || alert["text"] == "" {
		t.Errorf("alert %v", alert)
	}
	conn, err := siem.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	shipped := bufio.NewReader(conn)
	seen := ""
	for !strings.Contains(seen, `"alert.raised"`) {
		text, err := shipped.ReadString('}')
		if err != nil {
			t.Fatalf("%v after %s", err, seen)
		}
		seen += text
	}
	for _, want := range []string{`"server.start"`, `"mfa.challenge"`, `"session.started"`, `"mfa.replay"`} {
		if !strings.Contains(seen, want) {
			t.Errorf("the syslog server did not get %s", want)
		}
	}
	var report struct {
		Whole    bool
		Covered  float64
		Sessions map[string]int
		Alerts   map[string]int
		Users    []struct{ Name string }
	}
	commandLine{config}.wantsJSON(t, &report, "audit", "report", "--since", "1h")
	if !report.Whole || report.Covered != 100 || report.Sessions["second_factor"] != 1 || report.Alerts["replay"] != 1 || len(report.Users) != 1 {
		t.Errorf("report %+v", report)
	}
	text := commandLine{config}.must(t, "audit", "report")
	for _, want := range []string{"the trail is whole", "Sessions of people with a second factor: 100.0 %", "duo_push", "test1"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
}
