package redis

// ForgetCache empties the memory of the sessions in use.
func (s *Store) ForgetCache() { s.l.memory.forgetCache() }
