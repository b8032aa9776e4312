package primarytest

import (
	"slices"
	"testing"

	"mfaserver/internal/primary"
)

// testPage: pages follow each other in the order of the names, and a part of a
// name finds it literally.
func testPage(t *testing.T, s primary.Users) {
	t.Helper()
	for _, name := range []string{"dora", "Bob", "anna_1", "annaX1", "carl", "ärnold", "100%", `back\\slash`} {
		insert(t, s, sample(name), "hash")
	}
	for _, tt := range []struct {
		name string
		q    primary.PageQuery
		want []string
	}{
		{"first", primary.PageQuery{Max: 3}, []string{"100%", "Bob", "annaX1"}},
		{"second", primary.PageQuery{Max: 3, After: "annaX1"}, []string{"anna_1", `back\\slash`, "carl"}},
		{"last", primary.PageQuery{Max: 3, After: "carl"}, []string{"dora", "ärnold"}},
		{"beyond", primary.PageQuery{Max: 3, After: "ärnold"}, nil},
		{"back", primary.PageQuery{Max: 2, Before: "carl"}, []string{"anna_1", `back\\slash`}},
		{"back to the first", primary.PageQuery{Max: 5, Before: "annaX1"}, []string{"100%", "Bob"}},
		{"part of a name in any case", primary.PageQuery{Max: 9, Match: "ANN"}, []string{"annaX1", "anna_1"}},
		{"an underscore is one", primary.PageQuery{Max: 9, Match: "a_1"}, []string{"anna_1"}},
		{"a per cent sign is one", primary.PageQuery{Max: 9, Match: "%"}, []string{"100%"}},
		{"a backslash is one", primary.PageQuery{Max: 9, Match: `\\`}, []string{`back\\slash`}},
		{"match and page", primary.PageQuery{Max: 1, Match: "r", After: "carl"}, []string{"dora"}},
		{"other letters", primary.PageQuery{Max: 9, Match: "är"}, []string{"ärnold"}},
		{"nobody", primary.PageQuery{Max: 9, Match: "nobody"}, nil},
		{"none wanted", primary.PageQuery{}, nil},
	} {
		users, err := s.Page(t.Context(), tt.q)
		var got []string
		for _, u := range users {
			got = append(got, u.Username)
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: Page(%+v) = %q, %v, want %q", tt.name, tt.q, got, err, tt.want)
		}
	}
	users, err := s.Page(t.Context(), primary.PageQuery{Max: 1, Match: "dora"})
	if want := sample("dora"); err != nil || len(users) != 1 || !users[0].LastLogin.Equal(want.LastLogin) || users[0].Email != want.Email || users[0].ID == 0 {
		t.Errorf("Page of one = %+v, %v, want the whole user", users, err)
	}
}
