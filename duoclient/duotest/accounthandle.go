package duotest

import (
	"errors"
	"fmt"
	"slices"
)

// ErrAccount means an account that cannot be made.
var ErrAccount = errors.New("duotest: account refused")

// Account is one account of the simulator: the parent's, or a child's. Its
// methods are safe for concurrent use. An Account that was deleted goes on
// answering and changes nothing that anybody else sees.
type Account struct {
	server  *Server
	account *account
}

// Child describes a child account.
type Child struct {
	// ID is the DA... key; made up when empty.
	ID string
	// Name is shown in the Accounts API.
	Name string
	// Listen is the TCP address of the child's own API host; see
	// [Server.AddAccount] for what an empty one means.
	Listen string
	// Credentials are the keys of the child's own integrations; empty ones
	// are made up. A child has no Accounts API.
	Credentials Credentials
	// Users exist from the start.
	Users []User
}

// Root is the parent's account, the one that the methods of [Server] are
// about.
func (s *Server) Root() *Account { return &Account{s, s.account} }

// Accounts are the child accounts in the order of their making, those made by
// way of the Accounts API among them.
func (s *Server) Accounts() []*Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*Account, 0, s.children.len())
	for _, a := range s.children.all() {
		out = append(out, &Account{s, a})
	}
	return out
}

// Account finds a child account by its ID or name.
func (s *Server) Account(idOrName string) (*Account, bool) {
	for _, a := range s.Accounts() {
		if a.ID() == idOrName || a.Name() == idOrName {
			return a, true
		}
	}
	return nil, false
}

// AddAccount adds a child account with an API host and a state of its own.
// Without an address in [Child.Listen] the host is the next free one of
// 127.0.0.2, 127.0.0.3, ... with the parent's port, where the parent listens
// on 127.0.0.1 and the machine has such addresses (Linux has), and otherwise
// the parent's address with another port.
func (s *Server) AddAccount(c Child) (*Account, error) {
	a := newAccount(c.Name)
	a.child = true
	if c.ID != "" {
		a.id = c.ID
	}
	a.credentials = c.Credentials.filled()
	a.credentials.AccountsKey, a.credentials.AccountsSecret = "", ""
	s.mu.Lock()
	taken := s.children.has(a.id) || a.id == s.account.id
	s.mu.Unlock()
	if taken {
		return nil, fmt.Errorf("%w: %s is there already", ErrAccount, a.id)
	}
	s.populate(a, "Web SDK", c.Users)
	if err := s.listenFor(a, c.Listen); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.children.put(a.id, a)
	return &Account{s, a}, nil
}

// ID is the DA... key.
func (a *Account) ID() string { return a.account.id }

// Name is what the Accounts API calls the account.
func (a *Account) Name() string {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	return a.account.name
}

// APIHost is the account's own "HOST:PORT".
func (a *Account) APIHost() string { return a.account.apiHost }

// Credentials are the keys of the account's built-in integrations.
func (a *Account) Credentials() Credentials { return a.account.credentials }

// AddUser adds a user, in place of any of the same name, and returns it with
// what was made up.
func (a *Account) AddUser(u User) User {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	return a.account.snapshot(a.account.put(u, a.server.config.Now()))
}

// AddUsers adds n users, as make describes each of them by its number.
func (a *Account) AddUsers(n int, make func(i int) User) {
	users := []User{}
	for i := range n {
		users = append(users, make(i))
	}
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	for _, u := range users {
		a.account.put(u, a.server.config.Now())
	}
}

// CountUsers is how many users the account has.
func (a *Account) CountUsers() int {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	return a.account.users.len()
}

// UpdateUser changes the user of this name or alias and says whether there is
// one. change must not call the server.
func (a *Account) UpdateUser(name string, change func(*User)) bool {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	u := a.account.find(name)
	if u == nil {
		return false
	}
	view := a.account.snapshot(u)
	change(&view)
	view.ID = u.id
	a.account.apply(u, view)
	return true
}

// RemoveUser removes a user with the phones that are nobody else's.
func (a *Account) RemoveUser(name string) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	if u := a.account.find(name); u != nil {
		a.account.forget(u)
	}
}

// User finds a user by name or alias, in any case.
func (a *Account) User(name string) (User, bool) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	u := a.account.find(name)
	if u == nil {
		return User{}, false
	}
	return a.account.snapshot(u), true
}

// AddIntegration adds an application next to the built-in ones, in place of
// any with the same key, and returns it with what was made up.
func (a *Account) AddIntegration(i Integration) Integration {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	i.Permissions, i.Networks = slices.Clone(i.Permissions), slices.Clone(i.Networks)
	return a.account.addIntegration(i)
}

// AddDirectory makes a directory that users can be synchronised from, in place
// of any with the same key, and returns it with what was made up.
func (a *Account) AddDirectory(d Directory) Directory {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	if d.Key == "" {
		d.Key = newID("DS")
	}
	d.Users = slices.Clone(d.Users)
	a.account.directories[d.Key] = d
	return d
}
