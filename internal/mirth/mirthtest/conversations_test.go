package mirthtest_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/mirth/mirthtest"
)

const conversationsDir = "../../../testdata/engine/conversations"

// conversation is one request to an engine 4.5.2 and its answer, as recorded.
type conversation struct {
	Name    string   `json:"name"`
	Request []string `json:"request"`
	Body    string   `json:"body"`
	Status  string   `json:"status"`
	// Header holds the answer's header lines; @api stands for the seven that
	// every answer of the API has. Date is left out.
	Header []string `json:"header"`
	Answer string   `json:"answer"`
}

func apiHeaders() []string {
	return []string{
		"Access-Control-Allow-Origin: *",
		"Access-Control-Allow-Credentials: false",
		"Access-Control-Allow-Methods: GET, POST, DELETE, PUT",
		"Access-Control-Allow-Headers: Content-Type",
		"Content-Security-Policy: frame-ancestors 'none'",
		"X-Frame-Options: DENY",
		"X-Content-Type-Options: nosniff",
	}
}

func load(t *testing.T, name string) []conversation {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(conversationsDir, name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []conversation
	for line := range bytes.Lines(data) {
		var c conversation
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// replay plays conversations in their order; ids is what the recorded session
// ids are here.
type replay struct {
	server *mirthtest.Server
	ids    map[string]string
}

var (
	sessionID = regexp.MustCompile(`node0[a-z0-9]{16,}(?:\.node0)?`)
	clock     = regexp.MustCompile(`(<time>|"(?:time|dateTime|nanoTime|id)":)[0-9]+`)
)

func TestConversations(t *testing.T) {
	t.Parallel()
	grace := mirthtest.User{ID: 1, Name: "admin", Password: "admin"}
	expired := grace
	expired.Expired = true
	tests := []struct {
		name   string
		config mirthtest.Config
		before func(*mirthtest.Server, conversation)
	}{
		{name: "plain"},
		{name: "http", config: mirthtest.Config{Plain: true}},
		{name: "lockout", config: mirthtest.Config{MaxFailures: 4}},
		{name: "expired", config: mirthtest.Config{Users: []mirthtest.User{expired}}},
		{name: "grace", before: withGrace(grace, time.Now())},
		{name: "grace-soft", before: withGrace(grace, time.Time{})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := mirthtest.NewServer(tt.config)
			t.Cleanup(s.Close)
			r := &replay{server: s, ids: map[string]string{}}
			for _, c := range load(t, tt.name) {
				if tt.before != nil {
					tt.before(s, c)
				}
				t.Run(c.Name, func(t *testing.T) { r.play(t, c) })
			}
		})
	}
}

var graceMessage = regexp.MustCompile(`Your password has expired[^<"]*`)

// withGrace gives the user the message that was recorded.
func withGrace(u mirthtest.User, since time.Time) func(*mirthtest.Server, conversation) {
	return func(s *mirthtest.Server, c conversation) {
		if text := graceMessage.FindString(c.Answer); text != "" {
			u.Grace, u.GraceSince = text, since
			s.SetUser(u)
		}
	}
}

func (r *replay) play(t *testing.T, c conversation) {
	t.Helper()
	status, header, body := r.send(t, c)
	r.learn(c.Header, header)
	// net/http says Internal Server Error where Jetty says Server Error.
	if got, want := strings.Fields(status)[1], strings.Fields(c.Status)[1]; got != want {
		t.Errorf("status %s, want %s", got, want)
	}
	if diff := cmp.Diff(r.expected(c.Header), header); diff != "" {
		t.Errorf("header (-recorded +ours):\n%s", diff)
	}
	if strings.HasPrefix(c.Request[0], "HEAD ") {
		return
	}
	if diff := cmp.Diff(untimed(c.Answer), untimed(body)); diff != "" {
		t.Errorf("body (-recorded +ours):\n%s", diff)
	}
}

func untimed(s string) string { return clock.ReplaceAllString(s, "${1}0") }

// learn notes what a recorded session id is here.
func (r *replay) learn(recorded, ours []string) {
	find := func(lines []string) string {
		for _, l := range lines {
			if strings.HasPrefix(l, "Set-Cookie: ") {
				return strings.TrimSuffix(sessionID.FindString(l), ".node0")
			}
		}
		return ""
	}
	if was, is := find(recorded), find(ours); was != "" && is != "" {
		r.ids[was] = is
	}
}

// here puts our session ids in the place of the recorded ones.
func (r *replay) here(s string) string {
	return sessionID.ReplaceAllStringFunc(s, func(id string) string {
		bare, suffixed := strings.CutSuffix(id, ".node0")
		if is, ok := r.ids[bare]; ok {
			bare = is
		}
		if suffixed {
			bare += ".node0"
		}
		return bare
	})
}

func (r *replay) expected(recorded []string) []string {
	var lines []string
	for _, l := range recorded {
		if l == "@api" {
			lines = append(lines, apiHeaders()...)
			continue
		}
		lines = append(lines, r.here(l))
	}
	slices.Sort(lines)
	return lines
}

func (r *replay) send(t *testing.T, c conversation) (status string, header []string, body string) {
	t.Helper()
	conn := dial(t, r.server)
	lines := append([]string{c.Request[0], "Host: engine.example"}, c.Request[1:]...)
	text := r.here(strings.Join(lines, "\r\n")) + "\r\n\r\n"
	if slices.Contains(c.Request, "Transfer-Encoding: chunked") {
		text += fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(c.Body), c.Body)
	} else {
		text += c.Body
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return answer(t, bufio.NewReader(conn), strings.HasPrefix(c.Request[0], "HEAD "))
}

// answer reads an answer raw, but for its Date and any 100 Continue.
func answer(t *testing.T, r *bufio.Reader, noBody bool) (status string, header []string, body string) {
	t.Helper()
	length := -1
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", status, err)
		}
		line = strings.TrimRight(line, "\r\n")
		switch {
		case status == "":
			status = line
		case line == "" && strings.HasPrefix(status, "HTTP/1.1 100"):
			status = ""
		case line == "":
			slices.Sort(header)
			return status, header, readBody(t, r, length, noBody || strings.HasPrefix(status, "HTTP/1.1 204"))
		case strings.HasPrefix(line, "Date: "):
		default:
			header = append(header, line)
			if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
				length, _ = strconv.Atoi(n)
			}
		}
	}
}

func readBody(t *testing.T, r io.Reader, length int, noBody bool) string {
	t.Helper()
	if noBody || length == 0 {
		return ""
	}
	if length > 0 {
		r = io.LimitReader(r, int64(length))
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// dial opens a connection of its own.
func dial(t *testing.T, s *mirthtest.Server) net.Conn {
	t.Helper()
	address, plain := strings.CutPrefix(s.URL, "http://")
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(address, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	if !plain {
		conn = tls.Client(conn, &tls.Config{RootCAs: s.CAPool(), ServerName: "localhost", MinVersion: tls.VersionTLS12})
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}
