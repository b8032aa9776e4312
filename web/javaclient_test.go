package web_test

import (
	"bufio"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/rules"
)

// idInCookie is the session id of a recording.
var idInCookie = regexp.MustCompile(`JSESSIONID=[^;\r\n]+`)

// The engine's own clients, byte for byte as they were recorded, through the
// gateway: two Accept lines, chunked body, versioned path. They log in by push
// and hear nothing that they cannot read.
func TestRecordedClients(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		recording string
		said      string // by Duo
		want      []int
	}{
		{"09a-javaclient-login-current-logout", "allow", []int{200, 200, 200, 204, 401}},
		{"09b-javaclient-wrong-password", "allow", []int{200, 401}},
		{"09e-mccommand", "allow", []int{200, 200, 200, 200, 204}},
		{"09a-javaclient-login-current-logout", "deny", []int{200, 401, 401, 401, 401}},
		{"12w-javaclient-mfa-leg1-class-unknown-to-client", "allow", nil},
		{"12w5-javaclient-mfa-leg2-fail", "allow", nil},
	} {
		t.Run(tt.recording+" "+tt.said, func(t *testing.T) {
			t.Parallel()
			h := newGatehouse(t, func(c *mirthtest.Config, r *rules.Config) {
				c.Users[0].Password = "admin"
				r.Rules = []rules.Rule{{Name: "stock", Allow: []rules.Mode{rules.Push, rules.Prompt}}}
			})
			h.prover.Says(tt.said, tt.said)
			written, err := mirthtest.ClientSide(filepath.Join("../testdata/engine/wire", tt.recording+".wire"))
			must(t, err)
			var got []int
			for _, a := range h.replay(t, written) {
				got = append(got, a.StatusCode)
				a.readable(t)
			}
			for i, want := range tt.want {
				if i >= len(got) || got[i] != want {
					t.Errorf("answered %v, want %v", got, tt.want)
					break
				}
			}
			if tt.said == "allow" && len(tt.want) > 2 {
				h.left(t, 0)
			}
		})
	}
}

// replay writes what a client wrote, with the session that it was given.
func (h *gatehouse) replay(t *testing.T, written []string) []answer {
	t.Helper()
	conn := h.dial(t)
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	var answers []answer
	id := "JSESSIONID=none"
	for _, text := range written {
		_, err := io.WriteString(conn, idInCookie.ReplaceAllString(text, id))
		must(t, err)
		method, _, _ := strings.Cut(text, " ")
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		a := answer{resp, string(body)}
		answers = append(answers, a)
		for _, c := range resp.Cookies() {
			if c.Name == "JSESSIONID" && c.Value != "" {
				id = "JSESSIONID=" + c.Value
			}
		}
	}
	return answers
}

// readable fails the test for what a stock client cannot take: a class that it
// does not know, a cookie with an Expires, a status without a LoginStatus.
func (a answer) readable(t *testing.T) {
	t.Helper()
	for _, line := range a.Header.Values("Set-Cookie") {
		if strings.Contains(line, "JSESSIONID=") && !strings.Contains(line, "JSESSIONID=;") && strings.Contains(strings.ToLower(line), "expires=") {
			t.Errorf("the Java client drops this cookie: %s", line)
		}
	}
	switch a.StatusCode {
	case http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		t.Errorf("status %d reads as a broken connection", a.StatusCode)
	}
	if a.StatusCode != http.StatusUnauthorized || a.body == "" {
		return
	}
	status, err := mirth.ParseLoginStatus([]byte(a.body), a.Header.Get("Content-Type"))
	if err != nil {
		t.Errorf("answer %q: %v", a.body, err)
		return
	}
	if _, plain := status.(mirth.LoginStatus); !plain {
		t.Errorf("a stock client does not know the class of %s", a.body)
	}
}
