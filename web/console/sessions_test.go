package console_test

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"mfaserver/session"
)

// What was used last comes first, on one page after the other.
func TestSessionsByLastUse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const users = 60
	for i := range users {
		_, err := h.sessions.Start(t.Context(), httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), session.Session{
			Username: fmt.Sprintf("user%02d", i), UserID: i,
		})
		must(t, err)
		h.pass(time.Second)
	}
	b := h.admin(t)
	next := regexp.MustCompile(`id="next"[^>]* href="/mfa/admin([^"]+)"`)
	var seen []string
	for path, pages := "/sessions", 0; path != "" && pages < 5; pages++ {
		b.get(path)
		for _, m := range regexp.MustCompile(`users/(user\d\d)"`).FindAllStringSubmatch(b.last, -1) {
			seen = append(seen, m[1])
		}
		path = ""
		if m := next.FindStringSubmatch(b.last); m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(seen) != users {
		t.Fatalf("%d sessions on all pages, want %d: %v", len(seen), users, seen)
	}
	for i, name := range seen {
		if want := fmt.Sprintf("user%02d", users-1-i); name != want {
			t.Fatalf("at %d comes %s, want %s: the last used first", i, name, want)
		}
	}
}
