package session

// NewID and CookieID give the tests what they must try far more often than
// through a Manager.
var (
	NewID    = newID
	CookieID = cookieID
)

// Places is how many places m remembers as recorded.
func Places(m *Manager) int {
	m.moved.mu.Lock()
	defer m.moved.mu.Unlock()
	return len(m.moved.known)
}
