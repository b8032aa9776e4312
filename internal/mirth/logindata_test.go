package mirth_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mfaserver/internal/mirth"
)

const (
	publishedHeader = "test1:SUCCESS:FSVpTN3h5QNMji2uXzKe69Q5qWf0iv7L:dff8bd53717fdbf36d5a6e4e6da6331d6e61:" +
		"aHR0cHM6Ly9sb2NhbGhvc3Q6ODQ0My9hcGkvNC41LjAvZXh0ZW5zaW9ucy9tZmEvZHVvY2FsbGJhY2s="
	code     = "FSVpTN3h5QNMji2uXzKe69Q5qWf0iv7L"
	state    = "dff8bd53717fdbf36d5a6e4e6da6331d6e61"
	callback = "https://localhost:8443/api/4.5.0/extensions/mfa/duocallback"
)

func TestParseLoginDataPublishedExample(t *testing.T) {
	t.Parallel()
	d, err := mirth.ParseLoginData(publishedHeader)
	if err != nil {
		t.Fatal(err)
	}
	if want := mirth.NewLoginData("test1", mirth.StatusSuccess, code, state, callback); d != want {
		t.Errorf("got %q, want %q", d.String(), want.String())
	}
	if got := d.UsernameReadings(); !slices.Equal(got, []string{"test1"}) {
		t.Errorf("UsernameReadings() = %q", got)
	}
	if d.PrimaryStatus != mirth.StatusSuccess || d.Code != code || d.State != state || d.RedirectURI != callback {
		t.Errorf("fields of %q", d.String())
	}
	if d.String() != publishedHeader {
		t.Errorf("String() = %q", d.String())
	}
}

// headerOf joins the parts with the redirect URI already encoded.
func headerOf(parts ...string) string { return strings.Join(parts, ":") }

func TestParseLoginDataRefuses(t *testing.T) {
	t.Parallel()
	b64 := base64.StdEncoding.EncodeToString([]byte(callback))
	with := func(i int, part string) string {
		parts := []string{"test1", "SUCCESS", code, state, b64}
		parts[i] = part
		return headerOf(parts...)
	}
	type test struct {
		name, value string
		want        error
	}
	tests := []test{
		// Threat T059: size.
		{"4097 bytes", strings.Repeat("a", 4097), mirth.ErrLoginDataSize},
		{"a mebibyte of colons", strings.Repeat(":", 1<<20), mirth.ErrLoginDataSize},
		{"long username", with(0, strings.Repeat("u", 257)), mirth.ErrLoginDataUsername},
		{"long code", with(2, strings.Repeat("c", 1025)), mirth.ErrLoginDataCode},
		// Threat T054: number of fields, empty fields.
		{"empty", "", mirth.ErrLoginDataFields},
		{"blank", "   ", mirth.ErrLoginDataFields},
		{"empty username", with(0, ""), mirth.ErrLoginDataFields},
		{"empty status", with(1, ""), mirth.ErrLoginDataFields},
		{"empty code", with(2, ""), mirth.ErrLoginDataFields},
		{"empty state", with(3, ""), mirth.ErrLoginDataFields},
		{"empty redirect URI", with(4, ""), mirth.ErrLoginDataFields},
		{"four fields", headerOf("SUCCESS", code, state, b64), mirth.ErrLoginDataFields},
		// Threat T053: from the right, nothing moves.
		{"field too many at the end", publishedHeader + ":x", mirth.ErrLoginDataStatus},
		{"field too many in the middle", headerOf("test1", "SUCCESS", code, "x", state, b64), mirth.ErrLoginDataStatus},
		// Threat T062: the status is one of six words.
		{"status of another case", with(1, "success"), mirth.ErrLoginDataStatus},
		{"status with a space", with(1, "SUCCESS "), mirth.ErrLoginDataStatus},
		{"made-up status", with(1, "ADMIN"), mirth.ErrLoginDataStatus},
		{"code with a dot", with(2, "a.b"), mirth.ErrLoginDataCode},
		{"code with a percent", with(2, "%00"), mirth.ErrLoginDataCode},
		{"code beyond ASCII", with(2, "é"), mirth.ErrLoginDataCode},
		{"state too short", with(3, state[1:]), mirth.ErrLoginDataState},
		{"state too long", with(3, state+"0"), mirth.ErrLoginDataState},
		{"state in upper case", with(3, strings.ToUpper(state)), mirth.ErrLoginDataState},
		{"state not hexadecimal", with(3, "g"+state[1:]), mirth.ErrLoginDataState},
		// Threat T060: one base64 only.
		{"URL-safe alphabet", with(4, "_-__"), mirth.ErrLoginDataBase64},
		{"no padding", with(4, strings.TrimRight(b64, "=")), mirth.ErrLoginDataBase64},
		{"padding too much", with(4, b64+"="), mirth.ErrLoginDataBase64},
		{"tail not canonical", with(4, "aHR0cHM6Ly9="), mirth.ErrLoginDataBase64},
		{"tail bits set", with(4, "YWF="), mirth.ErrLoginDataBase64},
		{"space inside", with(4, b64[:8]+" "+b64[8:]), mirth.ErrLoginDataBase64},
		{"space at the end", with(4, b64+" "), mirth.ErrLoginDataBase64},
		{"percent-encoded padding", with(4, strings.ReplaceAll(b64, "=", "%3D")), mirth.ErrLoginDataBase64},
		{"plain URI", with(4, "https"), mirth.ErrLoginDataBase64},
		{"redirect URI with a newline", with(4, base64.StdEncoding.EncodeToString([]byte("https://a\n"))), mirth.ErrLoginDataRedirect},
		{"redirect URI beyond ASCII", with(4, base64.StdEncoding.EncodeToString([]byte("https://é"))), mirth.ErrLoginDataRedirect},
		// Threat T055: a comma-joined copy.
		{"joined copy", publishedHeader + ", " + publishedHeader, nil},
	}
	// Threat T057: control bytes in every field.
	for i := range 5 {
		for c := range byte(0x20) {
			tests = append(tests, test{fmt.Sprintf("byte %#x in field %d", c, i), with(i, "a"+string(rune(c))), mirth.ErrLoginDataBytes})
		}
		tests = append(tests, test{fmt.Sprintf("DEL in field %d", i), with(i, "\x7f"), mirth.ErrLoginDataBytes})
	}
	for n := range 13 {
		tests = append(tests, test{fmt.Sprintf("%d colons", n), strings.Repeat(":", n), mirth.ErrLoginDataFields})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, err := mirth.ParseLoginData(tt.value)
			if tt.want == nil {
				// It reads as a username that no account has, never as the first copy.
				if err == nil && slices.Contains(d.UsernameReadings(), "test1") {
					t.Error("the copy was read as test1")
				}
				return
			}
			if !errors.Is(err, tt.want) || !errors.Is(err, mirth.ErrLoginData) || d != (mirth.LoginData{}) {
				t.Errorf("ParseLoginData(%.80q) = %v, want %v", tt.value, err, tt.want)
			}
		})
	}
}

// Threat T053: usernames with colons; Threat T058: and beyond ASCII.
func TestLoginDataUsernames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, bytes string
		want        []string
	}{
		{"colons", "a:b:c", []string{"a:b:c"}},
		{"one colon", ":", []string{":"}},
		{"looks like a header", publishedHeader, []string{publishedHeader}},
		{"short look-alike", "a:SUCCESS:code:state:b64", []string{"a:SUCCESS:code:state:b64"}},
		{"IPv6", "fe80::1", []string{"fe80::1"}},
		{"domain", "DOMAIN:alice", []string{"DOMAIN:alice"}},
		{"spaces", "a b ", []string{"a b "}},
		{"256 bytes", strings.Repeat("u", 256), []string{strings.Repeat("u", 256)}},
		{"UTF-8", "josé", []string{"josé", "josÃ©"}},
		{"Latin-1", "jos\xe9", []string{"josé"}},
		{"question mark", "jos?", []string{"jos?"}},
		{"decomposed", "jose\u0301", []string{"jose\u0301", "jose\u00cc\u0081"}},
		{"not UTF-8", "\xff", []string{"ÿ"}},
		{"right to left", "שלום", []string{"שלום", "×©×\u009c×\u0095×\u009d"}},
		{"four bytes", "👩", []string{"👩", "ð\u009f\u0091©"}},
		{"percent stays", "%00%0d%0a", []string{"%00%0d%0a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			value := mirth.NewLoginData(tt.bytes, mirth.StatusGracePeriod, code, state, callback).String()
			d, err := mirth.ParseLoginData(value)
			if err != nil {
				t.Fatalf("ParseLoginData(%q): %v", value, err)
			}
			if got := d.UsernameReadings(); !slices.Equal(got, tt.want) {
				t.Errorf("UsernameReadings() = %q, want %q", got, tt.want)
			}
			if d.PrimaryStatus != mirth.StatusGracePeriod || d.Code != code || d.State != state || d.RedirectURI != callback {
				t.Errorf("fields moved: %q", d.String())
			}
		})
	}
}

// Threat T053: for any username, building and parsing are inverse.
func TestLoginDataRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		username := rapid.StringMatching(`[:a-zA-Z0-9é@.\\|]{1,60}`).Draw(t, "username")
		code := rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`).Draw(t, "code")
		state := rapid.StringMatching(`[0-9a-f]{36}`).Draw(t, "state")
		uri := rapid.StringMatching(`https://[!-~]{1,80}`).Draw(t, "uri")
		want := mirth.NewLoginData(username, mirth.StatusSuccess, code, state, uri)
		got, err := mirth.ParseLoginData(want.String())
		if err != nil || got != want {
			t.Fatalf("ParseLoginData(%q) = %q, %v", want.String(), got.String(), err)
		}
	})
}

// Threat T059: no allocation that grows with the number of colons.
func TestParseLoginDataAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts the whole process
	colons := strings.Repeat(":", mirth.MaxLoginData)
	if n := testing.AllocsPerRun(100, func() { _, _ = mirth.ParseLoginData(colons) }); n >= 10 {
		t.Errorf("%v allocations for 4 KiB of colons", n)
	}
}

// Threat T168: neither code nor state is printed or logged.
func TestLoginDataDoesNotPrint(t *testing.T) {
	t.Parallel()
	d, err := mirth.ParseLoginData(publishedHeader)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("login", "data", d, "in", struct{ D mirth.LoginData }{d})
	printed := log.String() + fmt.Sprintf("%v %+v %#v %s %q %x %+v", d, d, d, d, d, d, &d)
	for _, s := range []string{code, state, "test1"} {
		if strings.Contains(printed, s) {
			t.Errorf("%q printed: %s", s, printed)
		}
	}
}

func TestValidStateAndCode(t *testing.T) {
	t.Parallel()
	if !mirth.ValidState(state) || mirth.ValidState("") || mirth.ValidState(state+"\n") {
		t.Error("ValidState")
	}
	if !mirth.ValidCode(code) || mirth.ValidCode("") || mirth.ValidCode("a b") || mirth.ValidCode(strings.Repeat("a", 1025)) {
		t.Error("ValidCode")
	}
}
