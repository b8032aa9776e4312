package primary_test

import (
	"errors"
	"fmt"
	"testing"

	"mfaserver/internal/primary"
)

// A right password that is too old is a refusal, and the only one that says
// more; its message is not part of the error's text.
func TestExpiredError(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("wrapped: %w", &primary.ExpiredError{Message: "Change it."})
	if !errors.Is(err, primary.ErrRefused) || !errors.Is(err, primary.ErrPasswordExpired) {
		t.Errorf("%v matches not both ErrRefused and ErrPasswordExpired", err)
	}
	if errors.Is(err, primary.ErrUnavailable) || errors.Is(&primary.RefusedError{}, primary.ErrPasswordExpired) {
		t.Error("other errors match too")
	}
	if want := "wrapped: primary: the password has expired"; err.Error() != want {
		t.Errorf("text = %q, want %q", err, want)
	}
}

// Threat T007: all spellings of a name share one count.
func TestAccountKey(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"admin", "Admin", " ADMIN ", "ａｄｍｉｎ", "ad\u00admin", "admin\u202e"} {
		if key := primary.AccountKey(name); key != "admin" {
			t.Errorf("AccountKey(%q) = %q, want admin", name, key)
		}
	}
}
