package web_test

import (
	"strings"
	"testing"

	"mfaserver/internal/token"
	"mfaserver/web"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		typed      string
		passcodes  bool
		password   string
		factor     string
		passcode   string
		breakGlass string
	}{
		{typed: "secret", passcodes: true, password: "secret"},
		{typed: "secret,push", passcodes: true, password: "secret", factor: "push"},
		{typed: "secret, Push ", passcodes: true, password: "secret", factor: "push"},
		{typed: "secret,AUTO", passcodes: true, password: "secret", factor: "auto"},
		{typed: "secret,sms", passcodes: true, password: "secret", factor: "sms"},
		{typed: "secret,phone", passcodes: true, password: "secret", factor: "phone"},
		{typed: "a,b,123456", passcodes: true, password: "a,b", factor: "passcode", passcode: "123456"},
		{typed: "secret,123456789", passcodes: true, password: "secret", factor: "passcode", passcode: "123456789"},
		{typed: "secret,12345", passcodes: true, password: "secret,12345"},
		{typed: "secret,1234567890", passcodes: true, password: "secret,1234567890"},
		{typed: "secret,１２３４５６", passcodes: true, password: "secret,１２３４５６"},
		{typed: "secret,push2", passcodes: true, password: "secret,push2"},
		{typed: "secret,", passcodes: true, password: "secret,"},
		{typed: ",push", passcodes: true, password: "", factor: "push"},
		{typed: "secret,push", password: "secret,push"},
		{typed: "secret,123456", password: "secret,123456"},
		{typed: "secret,mfab-0123-4567-89AB-CDEF", password: "secret", breakGlass: "mfab-0123-4567-89AB-CDEF"},
		{typed: "secret,MFAB-x", passcodes: true, password: "secret", breakGlass: "MFAB-x"},
	} {
		got := web.Split(tt.typed, tt.passcodes)
		if got != (web.Typing{Password: tt.password, Factor: tt.factor, Passcode: tt.passcode, BreakGlass: tt.breakGlass}) {
			t.Errorf("Split(%q, %v) = %+v", tt.typed, tt.passcodes, got)
		}
	}
}

// Whatever is typed, the parts are parts of it, and no code of ours stays in
// the password.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{"secret,push", "a,b,123456", "x,mfab-0123-4567-89AB-CDEF", ",", "", "mfat_x,push", "a,mfab-,push"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, typed string, passcodes bool) {
		got := web.Split(typed, passcodes)
		if !strings.HasPrefix(typed, got.Password) {
			t.Fatalf("Split(%q) has the password %q", typed, got.Password)
		}
		if got.Factor == "" && got.BreakGlass == "" && got.Password != typed {
			t.Fatalf("Split(%q) lost a part: %+v", typed, got)
		}
		if !passcodes && got.Factor != "" {
			t.Fatalf("Split(%q) found %q where none is allowed", typed, got.Factor)
		}
		tail := typed[strings.LastIndexByte(typed, ',')+1:]
		if kind, ours := token.KindOf(tail); ours && kind == token.KindBreakGlass && len(tail) < len(typed) && got.BreakGlass == "" {
			t.Fatalf("Split(%q) left the code in the password", typed)
		}
	})
}

// Only service tokens are found in an Authorization header.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"Bearer mfat_x", "basic " + encoded("a:mfat_x"), "Basic " + encoded("a:b"), "Bearer", "", "Bearer  mfat_", "Digest mfat_x", "Bearer mfac-x", "Basic " + encoded("a:mfat_x") + "!"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		value, ok := web.TokenIn(line)
		if kind, ours := token.KindOf(value); ok != (ours && kind == token.KindToken) {
			t.Fatalf("TokenIn(%q) = %q, %v", line, value, ok)
		}
	})
}
