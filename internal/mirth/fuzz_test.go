package mirth_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/mirth"
)

// What is parsed prints as it was.
func FuzzParseLoginData(f *testing.F) {
	for _, seed := range []string{
		publishedHeader, "a:b:" + publishedHeader, "jos\xe9" + publishedHeader, "", ":::::", publishedHeader + "=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d, err := mirth.ParseLoginData(value)
		if err != nil {
			if !errors.Is(err, mirth.ErrLoginData) {
				t.Errorf("unnamed error %v", err)
			}
			return
		}
		if d.String() != value {
			t.Errorf("String() = %q, want %q", d.String(), value)
		}
		if len(d.UsernameReadings()) == 0 {
			t.Error("a username without a reading")
		}
	})
}

// roundTrip checks that a status that was read is written and read back in
// both formats.
func roundTrip(t *testing.T, status mirth.AnyLoginStatus) {
	t.Helper()
	for _, f := range []mirth.Format{mirth.FormatXML, mirth.FormatJSON} {
		out, err := mirth.Encode(f, status)
		if err != nil {
			t.Fatalf("Encode(%+v): %v", status, err)
		}
		if len(out) > 64<<10 {
			continue // escapes can outgrow what is read back
		}
		again, err := mirth.ParseLoginStatus(out, f.ContentType())
		if err != nil {
			t.Fatalf("parse of our own %q: %v", out, err)
		}
		if diff := cmp.Diff(status, again); diff != "" {
			t.Errorf("%s", diff)
		}
	}
}

func addGoldens(f *testing.F, format mirth.Format) {
	f.Helper()
	for name, v := range goldens() {
		if formatOf(name) == format {
			out, err := mirth.Encode(format, v)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(out)
		}
	}
}

func FuzzParseLoginStatusXML(f *testing.F) {
	addGoldens(f, mirth.FormatXML)
	f.Add([]byte(`<?xml version="1.0"?>` + loginXML("<status>SUCC<!-- -->ESS</status>")))
	f.Add([]byte(loginXML("<status>FAIL</status><message>&#13;&#x9;</message>")))
	f.Fuzz(func(t *testing.T, body []byte) {
		if status, err := mirth.ParseLoginStatus(body, typeXML); err == nil {
			if !bytes.Contains(body, []byte("<status>"+string(status.Plain().Status)+"</status>")) {
				t.Errorf("status %s out of nowhere", status.Plain().Status)
			}
			roundTrip(t, status)
		}
		_, _ = mirth.ParseUserList(body, typeXML)
		if u, err := mirth.ParseUser(body, typeXML); err == nil {
			if _, err := mirth.Encode(mirth.FormatJSON, u); err != nil {
				t.Errorf("a user that was read is not written: %v", err)
			}
		}
	})
}

func FuzzParseLoginStatusJSON(f *testing.F) {
	addGoldens(f, mirth.FormatJSON)
	f.Add([]byte(loginJSON(`"status":"FAIL","message":"\ud834\udd1e\\ud800"`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		if status, err := mirth.ParseLoginStatus(body, typeJSON); err == nil {
			roundTrip(t, status)
		}
		if list, err := mirth.ParseUserList(body, typeJSON); err == nil {
			if _, err := mirth.Encode(mirth.FormatXML, list); err != nil {
				t.Errorf("a list that was read is not written: %v", err)
			}
		}
	})
}

func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"", "*/*", "application/json;q=0.9, application/xml;q=0.1", `a/b;c="d,e"`, "text/html"} {
		f.Add(seed, "application/json")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		format, ok := mirth.Negotiate([]string{first, second})
		joined, joinedOK := mirth.Negotiate([]string{first + "," + second})
		balanced := bytes.Count([]byte(first), []byte{'"'}) == 0
		if balanced && (format != joined || ok != joinedOK) {
			t.Errorf("two lines: %v, %t; one line: %v, %t", format, ok, joined, joinedOK)
		}
	})
}

func FuzzNormalizeServerURL(f *testing.F) {
	for _, seed := range []string{"https://good", "https://[::1]:8443/", "https://good@evil", "HTTPS://A:443"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := mirth.NormalizeServerURL(s)
		if err != nil {
			return
		}
		again, err := mirth.NormalizeServerURL(got)
		if err != nil || again != got {
			t.Errorf("NormalizeServerURL(%q) = %q, %v: not stable", got, again, err)
		}
	})
}

// A number or a truth value is read as it was written, in either format.
func FuzzScalars(f *testing.F) {
	for _, seed := range []string{"<int>7</int>", "<boolean>true</boolean>", `{"int":7}`, `{"boolean":false}`, "<int>007</int>", "<int>1e3</int>", `{"int":"7"}`, "<boolean>TRUE</boolean>", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range []string{typeXML, typeJSON} {
			if n, err := mirth.ParseInt(body, kind); err == nil {
				for _, format := range []mirth.Format{mirth.FormatXML, mirth.FormatJSON} {
					out, err := mirth.Encode(format, n)
					if err != nil {
						t.Fatal(err)
					}
					if again, err := mirth.ParseInt(out, format.ContentType()); err != nil || again != n {
						t.Fatalf("%q: %d, then %d, %v", body, n, again, err)
					}
				}
			}
			if b, err := mirth.ParseBoolean(body, kind); err == nil {
				for _, format := range []mirth.Format{mirth.FormatXML, mirth.FormatJSON} {
					out, err := mirth.Encode(format, b)
					if err != nil {
						t.Fatal(err)
					}
					if again, err := mirth.ParseBoolean(out, format.ContentType()); err != nil || again != b {
						t.Fatalf("%q: %t, then %t, %v", body, b, again, err)
					}
				}
			}
		}
	})
}

// Threat T193: of a path a record keeps words, numbers and ids, however it is
// written, and no more than 256 bytes.
func FuzzOutline(f *testing.F) {
	for _, seed := range []string{"/api/channels/1/messages", "/api/users/M%C3%BCller", "/api/4.5.2/users/_login", "", "//", "/a b", strings.Repeat("/x", 500), "/\xff"} {
		f.Add(seed)
	}
	kept := regexp.MustCompile(`^(?:/?(?:\*|_?[A-Za-z]{1,40}|[0-9.]{1,15}|[0-9a-f-]{1,36})?)*$`)
	f.Fuzz(func(t *testing.T, path string) {
		got := mirth.Outline(path)
		if len(got) > 256 || !kept.MatchString(got) {
			t.Fatalf("Outline(%q) = %q", path, got)
		}
		if again := mirth.Outline(got); again != got && len(got) < 256 {
			t.Fatalf("Outline(%q) = %q, then %q", path, got, again)
		}
	})
}
