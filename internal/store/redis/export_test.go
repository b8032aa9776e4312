package redis

// ForgetCache empties the memory of the sessions in use.
func (s *Store) ForgetCache() { s.l.memory.forgetCache() }

// Fit judges what a server says of itself.
func Fit(about, minVersion string) error { return parseInfo(about).fit(minVersion) }
