package ship_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/ship"
)

// header is that of RFC 5424 section 6, with nothing between its fields but
// single blanks.
var header = regexp.MustCompile(`^<([0-9]{1,3})>1 [0-9T:.-]+Z [!-~]{1,255} mfaserver [0-9]{1,128} [!-~]{1,32} - (.*)$`)

// Whatever a record holds, it is one message of one line, of which the trail's
// own line can be had back.
func FuzzSyslogMessage(f *testing.F) {
	f.Add("node-1", "alice", "refused", "lost phone")
	f.Add("a b", "a\r\nb", "ok", "<13>1 - - - - - -")
	f.Add("", "\x00\x1b[0m", "error", "\xff\u2028")
	sink, err := ship.NewSyslog(ship.SyslogConfig{URL: "udp://127.0.0.1:9", Facility: ship.FacilityAuthPriv, Application: "mfaserver"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, node, name, outcome, reason string) {
		e := audit.Entry{Event: audit.Event{Name: audit.PrimaryRefused, Outcome: audit.Outcome(outcome), Username: name, Reason: reason}}
		e.Node, e.Time, e.Sequence = node, time.Unix(1_800_000_000, 0), 7
		message := sink.Message(&e)
		parts := header.FindSubmatch(message)
		if parts == nil || bytes.ContainsAny(message, "\r\n\x00\x1b") {
			t.Fatalf("message %q", message)
		}
		if line := bytes.TrimSuffix(e.AppendLine(nil), []byte{'\n'}); !bytes.Equal(parts[2], line) {
			t.Fatalf("message %q does not end with the line %q", message, line)
		}
	})
}

// A mark is read as it was written; what is none moves nothing.
func FuzzMark(f *testing.F) {
	for _, seed := range []string{"", "{}", "null", `{"Offset":-1}`, `{"offset":1,"file":2,"sequence":3}`, "[]", "{", "\xff"} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "mark")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		place, found, err := ship.ReadMark(path)
		if err != nil {
			if !errors.Is(err, ship.ErrMark) || found {
				t.Fatalf("%q: %v, %v", text, found, err)
			}
			return
		}
		if !found || place.Offset < 0 {
			t.Fatalf("%q: %+v, %v", text, place, found)
		}
		if err := ship.WriteMark(path, place); err != nil {
			t.Fatal(err)
		}
		if again, _, err := ship.ReadMark(path); err != nil || again != place {
			t.Fatalf("%+v is read as %+v, %v", place, again, err)
		}
	})
}
