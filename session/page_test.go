package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"mfaserver/session"
)

// All sessions are seen once, page by page, in the order of their keys.
func TestPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	want := map[session.Key]bool{}
	for range 7 {
		s, _ := f.start(t, alice())
		want[s.Key] = true
	}
	var after session.Key
	var sizes []int
	for {
		page, err := f.Page(t.Context(), after, 3)
		if err != nil {
			t.Fatalf("Page: %v", err)
		}
		for _, s := range page {
			if !want[s.Key] || slices.Compare(s.Key[:], after[:]) <= 0 {
				t.Errorf("Page gives %s again, or out of order", s.Key.Handle())
			}
			delete(want, s.Key)
			after = s.Key
		}
		if sizes = append(sizes, len(page)); len(page) < 3 {
			break
		}
	}
	if len(want) != 0 || !slices.Equal(sizes, []int{3, 3, 1}) {
		t.Errorf("pages of %v, %d sessions not seen", sizes, len(want))
	}
	var last session.Key
	for i := range last {
		last[i] = 0xff
	}
	if page, err := f.Page(t.Context(), last, 3); len(page) != 0 || err != nil {
		t.Errorf("Page after the last key = %d, %v, want none", len(page), err)
	}
	f.clock.Add(session.DefaultIdle)
	if page, err := f.Page(t.Context(), session.Key{}, 3); len(page) != 0 || err != nil {
		t.Errorf("Page of sessions that are over = %d, %v, want none", len(page), err)
	}
}

// listFails is a store that cannot list.
type listFails struct{ session.Store }

func (listFails) List(context.Context, string, time.Time) ([]session.Session, error) {
	return nil, errors.New("input/output error")
}

// A store that cannot answer is not one without sessions.
func TestPageUnavailable(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fixture{
		"listed":   newFixture(t),
		"by range": newFixture(t, func(c *session.Config) { c.Store = ranged{c.Store} }),
	} {
		f.store.Store = listFails{f.store.Store}
		if _, err := f.Page(t.Context(), session.Key{}, 3); !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("%s: Page = %v, want ErrUnavailable", name, err)
		}
	}
}
