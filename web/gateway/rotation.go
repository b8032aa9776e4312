package gateway

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mfaserver/internal/secret"
	"mfaserver/session"
)

// rotations keeps the cookies that an engine gave a session in place of the
// first. Engines do so rarely or never; the map is empty in general.
type rotations struct {
	count atomic.Int64
	mu    sync.Mutex // guards all
	all   map[owner]rotation
}

// owner is whose session of the engine it is.
type owner struct {
	key   session.Key
	token string
}

type rotation struct {
	// first is the cookie of the carry, by which a carry that was made anew is
	// told from the one that was rotated.
	first, current string
	expires        time.Time
}

// manyRotations is from when on the map is searched for what is over.
const manyRotations = 256

func ownerOf(s *session.Session) owner {
	if s.Key != (session.Key{}) {
		return owner{key: s.Key}
	}
	return owner{token: s.Token}
}

// current returns the cookie in use where first was the one of the carry.
func (r *rotations) current(s *session.Session, first string) string {
	if r.count.Load() == 0 {
		return first
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.all[ownerOf(s)]; ok && e.first == first {
		return e.current
	}
	return first
}

// set notes that next has taken the place of used. An answer to a request that
// carried an older cookie changes nothing.
func (r *rotations) set(s *session.Session, first, used, next string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = make(map[owner]rotation)
	}
	o := ownerOf(s)
	if e, ok := r.all[o]; ok && e.first == first && e.current != used {
		return
	}
	if len(r.all) >= manyRotations {
		for o, e := range r.all {
			if !now.Before(e.expires) {
				delete(r.all, o)
			}
		}
	}
	r.all[o] = rotation{first: first, current: next, expires: s.Expires}
	r.count.Store(int64(len(r.all)))
}

func (r *rotations) forget(s *session.Session) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := ownerOf(s)
	e, ok := r.all[o]
	delete(r.all, o)
	r.count.Store(int64(len(r.all)))
	return e.current, ok
}

// Forget drops what is kept of a session that is over. It returns the cookie
// that the engine gave it meanwhile in place of the one it carries, for whoever
// logs the engine's session out; false when there is none.
func (g *Gateway) Forget(s session.Session) (secret.Secret, bool) {
	cookie, ok := g.rotated.forget(&s)
	return secret.New(cookie), ok
}

// newCookie returns the session cookie that an answer sets, if it sets exactly
// one that is fit for use.
func newCookie(h http.Header) (string, bool) {
	found := ""
	for _, line := range h["Set-Cookie"] {
		// RFC 6265 section 5.2: blanks around name and value are none of either.
		pair, _, _ := strings.Cut(line, ";")
		name, value, ok := strings.Cut(pair, "=")
		if !ok || strings.Trim(name, " \t") != "JSESSIONID" {
			continue
		}
		value = strings.Trim(value, " \t")
		if found != "" || !cookieValue(value) {
			return "", false
		}
		found = value
	}
	return found, found != ""
}
