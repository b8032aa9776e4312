package primary

// Hashing is how many passwords are being hashed, and how many attempts wait for
// their turn.
func (l *Local) Hashing() (running, waiting int) { return l.gate.load() }

func (g *gate) load() (running, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	running = len(g.slots)
	return running, max(g.strangers+g.known-running, 0)
}
