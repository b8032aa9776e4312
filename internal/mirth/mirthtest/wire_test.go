package mirthtest_test

import (
	"bufio"
	"io"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mfaserver/internal/mirth/mirthtest"
)

type textHeader = textproto.MIMEHeader

// chunk heads what one side wrote at a time.
var chunk = regexp.MustCompile(`([<>]) \d{4}/\d\d/\d\d \S+  length=(\d+) from=\d+ to=\d+\n`)

// clientSide is what the recorded client wrote, request by request: each
// begins where the engine had answered. The recording has lost its carriage
// returns; the lengths tell that nothing else is missing.
func clientSide(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../testdata/engine/wire", name+".wire"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	heads := chunk.FindAllStringSubmatchIndex(text, -1)
	var all []string
	answered := true
	for i, head := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		if text[head[2]:head[3]] == "<" {
			answered = true
			continue
		}
		written := strings.ReplaceAll(text[head[1]:end], "\n", "\r\n")
		if want := text[head[4]:head[5]]; strconv.Itoa(len(written)) != want {
			t.Fatalf("%d bytes, want %s: %q", len(written), want, written)
		}
		if answered {
			all = append(all, "")
		}
		all[len(all)-1] += written
		answered = false
	}
	return all
}

// What the engine's own clients write is answered as it was recorded.
func TestOwnClients(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want []string
	}{
		{"09a-javaclient-login-current-logout", []string{"200", "200", "200", "204", "401"}},
		{"09b-javaclient-wrong-password", []string{"200", "401"}},
		{"09c-javaclient-server-url-and-login-data", []string{"200", "200", "200", "204", "401"}},
		{"09e-mccommand", []string{"200", "200", "200", "200", "204"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, mirthtest.Config{})
			conn := dial(t, s)
			r := bufio.NewReader(conn)
			var got []string
			id := ""
			for _, text := range clientSide(t, tt.name) {
				if id != "" {
					text = sessionID.ReplaceAllString(text, id)
				}
				if _, err := io.WriteString(conn, text); err != nil {
					t.Fatal(err)
				}
				status, header, _ := answer(t, r, false)
				got = append(got, strings.Fields(status)[1])
				for _, line := range header {
					if strings.HasPrefix(line, "Set-Cookie: ") && id == "" {
						id = sessionID.FindString(line)
					}
				}
			}
			if strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("answered %v, want %v", got, tt.want)
			}
		})
	}
}
