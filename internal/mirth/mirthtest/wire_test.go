package mirthtest_test

import (
	"bufio"
	"io"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/mirth/mirthtest"
)

type textHeader = textproto.MIMEHeader

// clientSide is what a recorded client wrote.
func clientSide(t *testing.T, name string) []string {
	t.Helper()
	all, err := mirthtest.ClientSide(filepath.Join("../../../testdata/engine/wire", name+".wire"))
	if err != nil {
		t.Fatal(err)
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
