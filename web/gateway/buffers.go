package gateway

import "sync"

// bufferSize is what a body needs in memory while it crosses.
const bufferSize = 32 << 10

// buffers lends what bodies are copied with. What an answer left in one is
// never read: only what the next answer has just written there.
type buffers struct{ pool sync.Pool }

// Get lends a buffer, to be given back with Put.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return p[:]
	}
	return make([]byte, bufferSize)
}

// Put takes a buffer of Get back.
func (b *buffers) Put(p []byte) {
	if len(p) == bufferSize {
		b.pool.Put((*[bufferSize]byte)(p))
	}
}
