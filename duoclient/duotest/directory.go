package duotest

// AddUser adds a user, in place of any of the same name, and returns it with
// what was made up.
func (s *Server) AddUser(u User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account.snapshot(s.account.put(u, s.config.Now()))
}

// UpdateUser changes the user of this name or alias and says whether there is
// one. change must not call the server.
func (s *Server) UpdateUser(name string, change func(*User)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.account.find(name)
	if u == nil {
		return false
	}
	view := s.account.snapshot(u)
	change(&view)
	view.ID = u.id
	s.account.apply(u, view)
	return true
}

// RemoveUser removes a user with the phones that are nobody else's.
func (s *Server) RemoveUser(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.account.find(name); u != nil {
		s.account.remove(u)
	}
}

// User finds a user by name or alias, in any case.
func (s *Server) User(name string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.account.find(name)
	if u == nil {
		return User{}, false
	}
	return s.account.snapshot(u), true
}

// AddIntegration adds an application next to the built-in ones, such as a
// second Universal Prompt client, and returns it with what was made up.
func (s *Server) AddIntegration(i Integration) Integration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account.addIntegration(i)
}
