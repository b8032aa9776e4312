package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"unicode"

	"mfaserver/internal/audit"
)

func TestTextEscapes(t *testing.T) {
	t.Parallel()
	// Threat T191: nothing in a value can end the line, move the cursor or
	// turn the text around.
	for _, row := range []struct{ name, in, want string }{
		{"plain", "alice", `alice`},
		{"letters of the world", "Zoë 漢字", `Zoë 漢字`},
		{"line feed", "a\r\nb", `a\u000d\u000ab`},
		{"quotes", `"},{"`, `\"},{\"`},
		{"backslash", `\u0000`, `\\u0000`},
		{"terminal", "\x1b[2J\x07", `\u001b[2J\u0007`},
		{"C1 control", "\u009b31m", `\u009b31m`},
		{"delete", "\x7f", `\u007f`},
		{"NUL", "\x00", `\u0000`},
		{"line separators", "\u2028\u2029\u0085", `\u2028\u2029\u0085`},
		{"bidi", "\u202eevil\u2066", `\u202eevil\u2066`},
		{"zero width", "a\u200b\ufeffb", `a\u200b\ufeffb`},
		{"no-break space", "a\u00a0b", `a\u00a0b`},
		{"invalid UTF-8", "a\xff\xc0\x80b", `a\ufffd\ufffd\ufffdb`},
		{"tag", "\U000e0041", `\udb40\udc41`},
		{"private use", "\ue000", `\ue000`},
		{"mark-up", "<script>&", `\u003cscript\u003e\u0026`},
		{"syslog and CEF", "<34>1 a|b=c", `\u003c34\u003e1 a|b=c`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := string(audit.AppendText(nil, row.in)); got != row.want {
				t.Errorf("%q is written %s, want %s", row.in, got, row.want)
			}
		})
	}
}

func TestTextIsCut(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, in string
		cut      bool
	}{
		{"just fits", strings.Repeat("a", 256), false},
		{"one more", strings.Repeat("a", 257), true},
		{"ten megabytes", strings.Repeat("a", 10<<20), true},
		{"escapes", strings.Repeat("\n", 1000), true},
		{"escapes that fit", strings.Repeat("\n", 42), false},
		{"wide letters", strings.Repeat("漢", 100), true},
		{"surrogates", strings.Repeat("\U000e0041", 50), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			text := audit.AppendText(nil, row.in)
			var got string
			if err := json.Unmarshal(fmt.Appendf(nil, `"%s"`, text), &got); err != nil {
				t.Fatalf("%s is no JSON: %v", text, err)
			}
			if len(text) > 256 {
				t.Errorf("%d bytes, want 256 at most", len(text))
			}
			if !row.cut {
				if got != row.in {
					t.Errorf("reads %q, want %q", got, row.in)
				}
				return
			}
			head, missing, ok := strings.Cut(got, "…+")
			if !ok || !strings.HasPrefix(row.in, head) || missing != fmt.Sprint(len(row.in)-len(head)) {
				t.Errorf("reads %.300q, want a beginning and how much is missing", got)
			}
		})
	}
}

func TestHostileEventIsSmall(t *testing.T) {
	t.Parallel()
	c := chained(t)
	c.Mask = func(string) string { return strings.Repeat("0", 16) }
	trail := open(t, c)
	huge := strings.Repeat("\u2028\"\n\xff", 1<<20)
	before := size(t, c.Path)
	// Threat T183: what a bad login makes us write is bounded.
	record(t, trail, audit.Event{
		Name: audit.PrimaryRefused, Outcome: audit.Refused, UnknownUsername: huge, UserAgent: huge,
		Source: netip.MustParseAddr("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), RequestID: "0123456789abcdef", Reason: "wrong_password",
	})
	if grown := size(t, c.Path) - before; grown > 600 {
		t.Errorf("a hostile bad login takes %d bytes, want 600 at most", grown)
	}
	detail := map[string]string{}
	for i := range 1000 {
		detail[fmt.Sprint(i, huge[:999])] = huge
	}
	before = size(t, c.Path)
	record(t, trail, audit.Event{
		Name: audit.PrimaryRefused, Outcome: audit.Refused, Username: huge, Actor: huge, UserAgent: huge, Reason: huge,
		Transaction: huge, Session: huge, RequestID: huge, Detail: detail,
	})
	if grown := size(t, c.Path) - before; grown > 16<<10 {
		t.Errorf("the largest event takes %d bytes, want 16 KiB at most", grown)
	}
	text, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`"more_details":984`)) {
		t.Error("nothing says how many details are missing")
	}
	if got := len(lines(t, c.Path)); got != 3 {
		t.Errorf("%d lines for 3 events", got)
	}
}

func size(tb testing.TB, path string) int64 {
	tb.Helper()
	info, err := os.Stat(path)
	if err != nil {
		tb.Fatal(err)
	}
	return info.Size()
}

// FuzzLine: whatever the fields hold, one event is one line that parses and
// prints (threat T191).
func FuzzLine(f *testing.F) {
	for _, s := range []string{"alice", "a\r\nb", "\x1b[0m", "\u2028\u202e", "\xff\xfe", `"\`, strings.Repeat("\x00", 300), "}\n{\"v\":1}"} {
		f.Add(s, s, s)
	}
	c := config(f)
	c.MaxBytes = -1
	trail := open(f, c)
	written := size(f, c.Path)
	f.Fuzz(func(t *testing.T, name, agent, detail string) {
		record(t, trail, audit.Event{
			Name: audit.PrimaryRefused, Outcome: audit.Refused, Username: name, UnknownUsername: name, Actor: agent,
			UserAgent: agent, Transaction: detail, Session: name, RequestID: agent, Reason: detail,
			Detail: map[string]string{name: agent, "detail": detail},
		})
		file, err := os.Open(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		text := make([]byte, size(t, c.Path)-written)
		if _, err := file.ReadAt(text, written); err != nil {
			t.Fatal(err)
		}
		written += int64(len(text))
		if bytes.Count(text, []byte{'\n'}) != 1 || text[len(text)-1] != '\n' {
			t.Fatalf("one event gave %q", text)
		}
		for _, r := range string(text[:len(text)-1]) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%U in %q does not print", r, text)
			}
		}
		e, err := audit.ParseLine(text)
		if err != nil {
			t.Fatalf("ParseLine(%q) = %v", text, err)
		}
		if want := string([]rune(name)); len(name) < 40 && e.Username != want {
			t.Fatalf("Username = %q, want %q", e.Username, want)
		}
	})
}

// FuzzParseLine: no text makes the parser fail but with ErrBadLine.
func FuzzParseLine(f *testing.F) {
	f.Add([]byte(`{"v":1,"seq":2,"time":"2026-03-01T11:00:00.123456789Z","node":"n","event":"mfa.refused","outcome":"refused","source":"192.0.2.1","detail":{"a":"b"}}` + "\n"))
	f.Add([]byte(`{"v":1,"seq":0}`))
	f.Add([]byte("\x00\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := audit.ParseLine(text)
		if err == nil && (e.Sequence == 0 || e.Name == "") {
			t.Fatalf("ParseLine(%q) = %+v", text, e)
		}
	})
}
