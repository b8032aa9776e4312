package redis_test

import (
	"testing"

	"mfaserver/session/sessiontest"
)

// The check of a session in use is answered from memory; without the memory
// it is one question to the server.
func BenchmarkSessionCheck(b *testing.B) {
	s := newStore(b)
	v := sessiontest.NewSession("a", "alice", begun)
	if _, err := s.Sessions().Create(b.Context(), v, 0, begun); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		before func()
	}{
		{"memory", func() {}},
		{"server", s.ForgetCache},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.before()
				if _, err := s.Sessions().Find(b.Context(), v.Key, begun); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
