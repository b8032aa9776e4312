package console_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"mfaserver/internal/people"
)

// Where the accounts are an engine's, whom Duo knows has a page before all of
// Duo's users were listed. Who is known to nobody has none, and where only Duo
// can tell and does not, that is said.
func TestUsersOfAnEngine(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	deps := h.deps(t)
	house, err := people.New(people.Config{
		Sessions: h.sessions, Org: h.org, DuoUsername: func(name string) (string, error) { return name, nil }, Recorder: h.trail,
		Logger: slog.New(slog.DiscardHandler), Now: h.now, RevokeTokens: func(ctx context.Context, _, _, _ string) error { return ctx.Err() },
	})
	must(t, err)
	t.Cleanup(house.Close)
	deps.People = house
	h.open(t, deps)
	b := h.admin(t)
	page := func(path, words string, status int) {
		t.Helper()
		if w := b.get(path); w.Code != status || !strings.Contains(b.last, words) {
			t.Errorf("GET %s = %d, want %d and %q: %s", path, w.Code, status, words, b.last)
		}
	}
	page("/users/alice", "Kept by the engine", http.StatusOK)
	page("/users/nobody", "There is no such user", http.StatusNotFound)
	page("/users/alice/account", "There is no such user", http.StatusNotFound)
	h.duo.Close()
	page("/users/admin", "Duo does not answer at the moment", http.StatusOK)
	page("/users/nobody", "Duo does not answer", http.StatusBadGateway)
	page("/users/nobody/account", "Duo does not answer", http.StatusBadGateway)
}
