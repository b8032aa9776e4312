package primary

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// PageQuery asks for part of the directory.
type PageQuery struct {
	// Match is part of a username; the case of ASCII letters makes no
	// difference. Empty matches everybody.
	Match string
	// After and Before are usernames, and exclusive. With Before the last
	// users before it are meant, else the first after After.
	After, Before string
	// Max is how many users are returned at most.
	Max int
}

// Wants reports whether a name is one that the query is about.
func (q PageQuery) Wants(username string) bool {
	return (q.After == "" || username > q.After) && (q.Before == "" || username < q.Before) &&
		strings.Contains(asciiLower(username), asciiLower(q.Match))
}

// Cut sorts users by name, and keeps the Max of them that the query means.
func (q PageQuery) Cut(users []User) []User {
	slices.SortFunc(users, func(a, b User) int { return cmp.Compare(a.Username, b.Username) })
	switch most := max(q.Max, 0); {
	case len(users) <= most:
		return users
	case q.Before != "":
		return users[len(users)-most:]
	default:
		return users[:most]
	}
}

// asciiLower is s with the letters of ASCII made small, as stores compare.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}

// Page returns part of the directory; [ErrUnavailable].
func (l *Local) Page(ctx context.Context, q PageQuery) ([]User, error) {
	users, err := l.users.Page(ctx, q)
	if err != nil {
		return nil, storeError(err)
	}
	return users, nil
}

// Page implements [Users].
func (m *MemoryUsers) Page(_ context.Context, q PageQuery) ([]User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []User
	for name, row := range m.byName {
		if q.Wants(name) {
			found = append(found, row.user)
		}
	}
	return q.Cut(found), nil
}
