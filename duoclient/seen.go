package duoclient

import (
	"crypto/sha256"
	"sync"
	"time"
)

// seenLife is as long as any token can be accepted: an hour of life, the
// leeway at both ends.
const seenLife = (maxTokenLife + 2*leeway) * time.Second

// seenTokens remembers the ID tokens that were taken, for at least as long as
// they could be taken again. Two generations of hashes bound it: when the
// younger is full or old enough, the older is dropped. When more than its size
// arrive within a life the oldest are forgotten early; nonce and iat still
// stand against those.
type seenTokens struct {
	mu      sync.Mutex
	size    int
	young   map[[32]byte]struct{} // guarded by mu
	old     map[[32]byte]struct{} // guarded by mu
	started time.Time             // birth of young; guarded by mu
}

func newSeenTokens(size int) *seenTokens {
	return &seenTokens{size: size, young: make(map[[32]byte]struct{})}
}

// add notes token and its jti, if it has one. It reports whether neither was
// there before; only one of any number of concurrent callers is told so.
func (s *seenTokens) add(token, jti string, now time.Time) bool {
	keys := [][32]byte{sha256.Sum256([]byte("token " + token))}
	if jti != "" {
		keys = append(keys, sha256.Sum256([]byte("jti "+jti)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	for _, k := range keys {
		_, young := s.young[k]
		_, old := s.old[k]
		if young || old {
			return false
		}
	}
	for _, k := range keys {
		s.young[k] = struct{}{}
	}
	return true
}

func (s *seenTokens) turn(now time.Time) {
	if s.started.IsZero() {
		s.started = now
	}
	if len(s.young) < s.size && now.Sub(s.started) < seenLife {
		return
	}
	s.old, s.young, s.started = s.young, make(map[[32]byte]struct{}), now
}
