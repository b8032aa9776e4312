package sqlite_test

import (
	"errors"
	"fmt"
	"testing"

	"mfaserver/internal/primary"
)

// Threat T006: that nobody has a name is remembered like who has one, and never
// for longer than it is so: whoever is added is found at once, and gone when he is
// removed. More names than are kept change nothing.
func TestUnknownNamesAreRemembered(t *testing.T) {
	t.Parallel()
	users := newStore(t).Users()
	find := func(name string) error {
		_, _, err := users.Find(t.Context(), name)
		return err
	}
	for range 2 {
		for range 3 {
			if err := find("alice"); !errors.Is(err, primary.ErrUserUnknown) {
				t.Fatalf("Find of nobody = %v, want ErrUserUnknown", err)
			}
		}
		if _, err := users.Insert(t.Context(), primary.User{Username: "alice", Role: primary.RoleUser}, "hash"); err != nil {
			t.Fatal(err)
		}
		if err := find("alice"); err != nil {
			t.Fatalf("Find of somebody new = %v", err)
		}
		for i := range 5000 {
			if err := find(fmt.Sprint("nobody", i)); !errors.Is(err, primary.ErrUserUnknown) {
				t.Fatalf("Find of nobody%d = %v, want ErrUserUnknown", i, err)
			}
		}
		if err := find("alice"); err != nil {
			t.Fatalf("Find after many others = %v", err)
		}
		if err := users.Delete(t.Context(), "alice"); err != nil {
			t.Fatal(err)
		}
	}
}
