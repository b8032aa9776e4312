package duotest

// AddUser adds a user to the parent account, in place of any of the same name,
// and returns it with what was made up.
func (s *Server) AddUser(u User) User { return s.Root().AddUser(u) }

// AddUsers adds n users to the parent account, as make describes each of them
// by its number.
func (s *Server) AddUsers(n int, make func(i int) User) { s.Root().AddUsers(n, make) }

// UpdateUser changes the user of this name or alias and says whether there is
// one. change must not call the server.
func (s *Server) UpdateUser(name string, change func(*User)) bool {
	return s.Root().UpdateUser(name, change)
}

// RemoveUser removes a user with the phones that are nobody else's.
func (s *Server) RemoveUser(name string) { s.Root().RemoveUser(name) }

// User finds a user by name or alias, in any case.
func (s *Server) User(name string) (User, bool) { return s.Root().User(name) }

// AddIntegration adds an application next to the built-in ones, such as a
// second Universal Prompt client, and returns it with what was made up.
func (s *Server) AddIntegration(i Integration) Integration { return s.Root().AddIntegration(i) }

// AddDirectory makes a directory that users can be synchronised from and
// returns it with what was made up.
func (s *Server) AddDirectory(d Directory) Directory { return s.Root().AddDirectory(d) }
