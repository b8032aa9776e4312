package primary

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// MemoryUsers is a directory that ends with the process: for tests, and for
// programs that want none on disk. Use [NewMemoryUsers].
type MemoryUsers struct {
	mu     sync.Mutex
	nextID int
	byName map[string]memoryUser
}

type memoryUser struct {
	user User
	hash string
}

var _ Users = (*MemoryUsers)(nil)

// NewMemoryUsers returns an empty directory.
func NewMemoryUsers() *MemoryUsers {
	return &MemoryUsers{nextID: 1, byName: make(map[string]memoryUser)}
}

// Insert implements [Users].
func (m *MemoryUsers) Insert(_ context.Context, u User, hash string) (User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.byName[u.Username]; taken {
		return User{}, ErrUserExists
	}
	u.ID = m.nextID
	m.nextID++
	m.byName[u.Username] = memoryUser{user: u, hash: hash}
	return u, nil
}

// Find implements [Users].
func (m *MemoryUsers) Find(_ context.Context, username string) (User, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, ok := m.byName[username]
	if !ok {
		return User{}, "", ErrUserUnknown
	}
	return row.user, row.hash, nil
}

// FindID implements [Users].
func (m *MemoryUsers) FindID(_ context.Context, id int) (User, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.byName {
		if row.user.ID == id {
			return row.user, row.hash, nil
		}
	}
	return User{}, "", ErrUserUnknown
}

// List implements [Users].
func (m *MemoryUsers) List(context.Context) ([]User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	users := make([]User, 0, len(m.byName))
	for _, row := range m.byName {
		users = append(users, row.user)
	}
	slices.SortFunc(users, func(a, b User) int { return cmp.Compare(a.ID, b.ID) })
	return users, nil
}

// Update implements [Users]. The directory is locked while change runs, so
// change must not call it.
func (m *MemoryUsers) Update(_ context.Context, username string, change func(u *User, hash *string) error) (User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, ok := m.byName[username]
	if !ok {
		return User{}, ErrUserUnknown
	}
	id := row.user.ID
	if err := change(&row.user, &row.hash); err != nil {
		return User{}, err
	}
	row.user.ID, row.user.Username = id, username
	m.byName[username] = row
	return row.user, nil
}

// Delete implements [Users].
func (m *MemoryUsers) Delete(_ context.Context, username string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.byName[username]; !ok {
		return ErrUserUnknown
	}
	delete(m.byName, username)
	return nil
}
