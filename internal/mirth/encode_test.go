package mirth_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/mirth"
)

func TestEncodeRefuses(t *testing.T) {
	t.Parallel()
	message := func(s string) mirth.Encoder {
		return mirth.LoginStatus{Status: mirth.StatusFail, Message: s}
	}
	tests := []struct {
		name string
		v    mirth.Encoder
		want error
	}{
		// Threat T029: what XML cannot carry is refused, never replaced.
		{"NUL", message("a\x00b"), mirth.ErrCharacter},
		{"escape", message("\x1b[31m"), mirth.ErrCharacter},
		{"vertical tab", message("\v"), mirth.ErrCharacter},
		{"U+FFFE", message("\uFFFE"), mirth.ErrCharacter},
		{"U+FFFF", message("\uFFFF"), mirth.ErrCharacter},
		{"not UTF-8", message("\xff"), mirth.ErrCharacter},
		{"surrogate in UTF-8", message("\xed\xa0\x80"), mirth.ErrCharacter},
		{"in a user", mirth.User{ID: 1, Username: "a", Email: "\x01"}, mirth.ErrCharacter},
		{"deep in a list", mirth.UserList{{ID: 1, Username: "a\x02"}}, mirth.ErrCharacter},
		{"no status", mirth.LoginStatus{}, mirth.ErrUnknownStatus},
		{"unknown status", mirth.LoginStatus{Status: "OK"}, mirth.ErrUnknownStatus},
		{"extended, lower case", mirth.ExtendedLoginStatus{Status: "fail"}, mirth.ErrUnknownStatus},
		{"duo, no status", mirth.DuoLoginStatus{}, mirth.ErrUnknownStatus},
		{
			"duo, unknown primary",
			mirth.DuoLoginStatus{Status: mirth.StatusFail, PrimaryStatus: "ADMIN"},
			mirth.ErrUnknownStatus,
		},
		{"user without a name", mirth.User{ID: 1}, mirth.ErrMissingElement},
		{"user without a number", mirth.User{Username: "a"}, mirth.ErrValue},
		{"negative strikes", mirth.User{ID: 1, Username: "a", StrikeCount: -1}, mirth.ErrValue},
		{"login before 1970", mirth.User{ID: 1, Username: "a", LastLogin: time.Unix(-1, 0)}, mirth.ErrValue},
		{"grace after 9999", mirth.User{ID: 1, Username: "a", GracePeriodStart: at(253402300800000)}, mirth.ErrValue},
		{"int beyond 32 bits", mirth.Int(1 << 40), mirth.ErrValue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range []mirth.Format{mirth.FormatXML, mirth.FormatJSON} {
				out, err := mirth.Encode(f, tt.v)
				if !errors.Is(err, tt.want) || out != nil {
					t.Errorf("Encode(%v) = %q, %v, want %v", f, out, err, tt.want)
				}
			}
		})
	}
}

// Threat T029: text never becomes markup, and other readers see the same text.
func TestEncodeHostileText(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"</message><status>SUCCESS</status>", "]]>", "&xxe;", "<!-- -->", "<![CDATA[x]]>", " ", "\t \n",
		"a\rb\r\n", "\u202e", "\u2028", "\ufffd", "𝄞", `\u0000`, `"},"x":{"`,
	} {
		status := mirth.LoginStatus{Status: mirth.StatusFail, Message: hostile}
		inXML, err := mirth.Encode(mirth.FormatXML, status)
		if err != nil {
			t.Fatal(err)
		}
		var x struct {
			Status  []string `xml:"status"`
			Message string   `xml:"message"`
		}
		if err := xml.Unmarshal(inXML, &x); err != nil {
			t.Errorf("%q: %v", inXML, err)
		}
		if x.Message != hostile || len(x.Status) != 1 || x.Status[0] != "FAIL" {
			t.Errorf("%q was read as %+v", inXML, x)
		}
		inJSON, err := mirth.Encode(mirth.FormatJSON, status)
		if err != nil {
			t.Fatal(err)
		}
		var j map[string]struct{ Status, Message string }
		if err := json.Unmarshal(inJSON, &j); err != nil {
			t.Errorf("%s: %v", inJSON, err)
		}
		if got := j["com.mirth.connect.model.LoginStatus"]; got.Message != hostile || got.Status != "FAIL" {
			t.Errorf("%s was read as %+v", inJSON, got)
		}
		if strings.Count(string(inJSON), "\n") != 0 {
			t.Errorf("%q is not one line", inJSON)
		}
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	if got := mirth.FormatXML.ContentType(); got != "application/xml" {
		t.Errorf("XML: %q", got)
	}
	if got := mirth.FormatJSON.ContentType(); got != "application/json" {
		t.Errorf("JSON: %q", got)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	accepted := map[mirth.Status]bool{
		mirth.StatusSuccess: true, mirth.StatusGracePeriod: true, mirth.StatusFail: false,
		mirth.StatusFailExpired: false, mirth.StatusFailLockedOut: false, mirth.StatusFailVersionMismatch: false,
	}
	for s, want := range accepted {
		if !s.Known() || s.Accepted() != want {
			t.Errorf("%s: Known() = %t, Accepted() = %t, want true, %t", s, s.Known(), s.Accepted(), want)
		}
	}
	for _, s := range []mirth.Status{"", "success", "SUCCESS ", "OK"} {
		if s.Known() || s.Accepted() {
			t.Errorf("%q is known or accepted", s)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	want := mirth.LoginStatus{Status: mirth.StatusFail, Message: "m", UpdatedUsername: "u"}
	for _, s := range []mirth.AnyLoginStatus{
		want,
		mirth.ExtendedLoginStatus{Status: mirth.StatusFail, Message: "m", UpdatedUsername: "u", ClientPluginClass: "c"},
		mirth.DuoLoginStatus{Status: mirth.StatusFail, Message: "m", UpdatedUsername: "u", AuthURL: "a"},
	} {
		if got := s.Plain(); got != want {
			t.Errorf("%T.Plain() = %+v, want %+v", s, got, want)
		}
	}
}
