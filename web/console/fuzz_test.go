package console_test

import (
	"encoding/hex"
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/web/console"
)

// A filter in a path has one spelling, and says the same when it is written
// again.
func FuzzSegment(f *testing.F) {
	for _, q := range []map[string]string{{}, {"user": "alice"}, {"event": "mfa.", "from": "2026-11-22"}, {"user": "a&b=c", "source": "::1"}} {
		f.Add(console.FilterSegment(q))
	}
	for _, seed := range []string{"", "all", "ALL", "dXNlcj1h=", "dXNlcj1h\n", "dXNlcj1hJnVzZXI9Yg", "%61ll"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, segment string) {
		q, ok := console.ReadSegment(segment)
		if !ok {
			return
		}
		if written := console.FilterSegment(q); written != segment {
			t.Fatalf("%q is written %q again", segment, written)
		}
		again, ok := console.ReadSegment(console.FilterSegment(q))
		if !ok || !maps.Equal(q, again) {
			t.Fatalf("%q: %v, then %v", segment, q, again)
		}
		if strings.ContainsAny(segment, "/?#%;\\ ") {
			t.Fatalf("%q is no segment", segment)
		}
	})
}

// Whatever is asked for, the filter wants just that, or nothing.
func FuzzFilter(f *testing.F) {
	f.Add("refused", "192.0.2.1", "2026-11-22T12:00", "12")
	f.Add("ok", "::1%eth0", "2026-11-22", "18446744073709551615")
	f.Add("", "", "2026-11-22T12:00:00+01:00", "-1")
	f.Add("Ok", "1", "0000-01-01", "+1")
	f.Fuzz(func(t *testing.T, outcome, source, from, before string) {
		got, err := console.ReadFilter(map[string]string{"user": source, "outcome": outcome, "source": source, "from": from, "before": before})
		if err != nil {
			if got != (audit.Filter{}) {
				t.Fatalf("refused, and wants %+v", got)
			}
			return
		}
		if string(got.Outcome) != outcome || got.User != source {
			t.Fatalf("%+v is not what was asked for", got)
		}
		if (source == "") != !got.Source.IsValid() || (from == "") != got.From.IsZero() && from != "0001-01-01" && !strings.HasPrefix(from, "0001-01-01T00:00") {
			t.Fatalf("source %q, from %q: %+v", source, from, got)
		}
		if got.Source.IsValid() {
			again, err := console.ReadFilter(map[string]string{"source": got.Source.String()})
			if err != nil || again.Source != got.Source {
				t.Fatalf("%v: %v, %v", got.Source, again.Source, err)
			}
		}
		again, err := console.ReadFilter(map[string]string{"from": got.From.Format(time.RFC3339Nano)})
		if err == nil && !again.From.Equal(got.From) {
			t.Fatalf("%v is read as %v", got.From, again.From)
		}
	})
}

// The mark of a page is one key, in one spelling.
func FuzzPageMark(f *testing.F) {
	for _, seed := range []string{"", strings.Repeat("0", 64), strings.Repeat("af", 32), strings.Repeat("AF", 32), strings.Repeat("0", 63), strings.Repeat("g", 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, mark string) {
		k, ok := console.ReadKey(mark)
		switch {
		case !ok:
		case mark == "" && k == (mfa.Key{}):
		case hex.EncodeToString(k[:]) != mark:
			t.Fatalf("%q is read as %x", mark, k)
		}
	})
}

// Threats T158, T159: a reason is short, prints, and stays what it is.
func FuzzReason(f *testing.F) {
	for _, seed := range []string{"", "ab", "lost phone", " lost phone ", "a\nb", "\x1b[0m!!", "\u202eabc", "\xff\xfe\xfd", strings.Repeat("é", 201)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reason, good := console.ReadReason(text)
		if !good {
			return
		}
		again, still := console.ReadReason(reason)
		if n := utf8.RuneCountInString(reason); again != reason || !still || n < 3 || n > 200 || audit.Printable(reason) != reason {
			t.Fatalf("ReadReason(%q) = %q, then %q, %v", text, reason, again, still)
		}
	})
}
