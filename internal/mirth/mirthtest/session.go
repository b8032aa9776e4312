package mirthtest

import (
	"crypto/rand"
	"encoding/base32"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	cookieName = "JSESSIONID"
	nodeSuffix = ".node0"
	idRandom   = 13
)

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz012345").WithPadding(base32.NoPadding)

// session is one context's part of a session; the versioned path and the
// plain one have each their own, under the same id.
type session struct {
	// user is empty while nobody has logged in.
	user string
}

// sessions are guarded by the server's lock.
type sessions struct {
	byID map[string]map[string]*session
	ever []string // ids handed out
}

func newSessions() *sessions { return &sessions{byID: map[string]map[string]*session{}} }

// held is the session that a request has in its context.
type held struct {
	*session

	id string
	// announce is set where the client must be told the id.
	announce bool
}

// newID looks like Jetty's.
func (l *sessions) newID() string {
	random := make([]byte, idRandom)
	_, _ = rand.Read(random) // never fails
	id := "node0" + idEncoding.EncodeToString(random) + strconv.Itoa(len(l.ever))
	l.ever = append(l.ever, id+nodeSuffix)
	return id
}

// find is the request's session, or nil.
func (l *sessions) find(t target, r *http.Request) *held {
	candidates := cookieIDs(r)
	if t.session != "" {
		candidates = append(candidates, t.session)
	}
	for _, text := range candidates {
		id := strings.TrimSuffix(text, nodeSuffix)
		if s := l.byID[id][t.context]; s != nil {
			return &held{session: s, id: id, announce: id == text}
		}
	}
	return nil
}

// ensure is the request's session, made if there is none. An id that is known
// in the other context is taken over.
func (l *sessions) ensure(t target, r *http.Request) *held {
	if h := l.find(t, r); h != nil {
		return h
	}
	var id string
	for _, text := range cookieIDs(r) {
		if known := strings.TrimSuffix(text, nodeSuffix); l.byID[known] != nil {
			id = known
			break
		}
	}
	if id == "" {
		id = l.newID()
		l.byID[id] = map[string]*session{}
	}
	made := &session{}
	l.byID[id][t.context] = made
	return &held{session: made, id: id, announce: true}
}

// end drops an id in all contexts.
func (l *sessions) end(id string) { delete(l.byID, id) }

// rotate gives a session another id.
func (l *sessions) rotate(id string) string {
	fresh := l.newID()
	l.byID[fresh] = l.byID[id]
	delete(l.byID, id)
	return fresh
}

// live lists the users of all sessions that somebody logged in to.
func (l *sessions) live() []string {
	var users []string
	for _, contexts := range l.byID {
		for _, s := range contexts {
			if s.user != "" {
				users = append(users, s.user)
				break
			}
		}
	}
	slices.Sort(users)
	return users
}

// setCookie is the header that announces an id.
func (s *Server) setCookie(t target, id string) string {
	text := cookieName + "=" + id + nodeSuffix + "; Path=" + t.context
	if !s.config.Plain {
		text += "; Secure"
	}
	return text
}

// cookieIDs are all values of the session cookie, without quotes.
func cookieIDs(r *http.Request) []string {
	var ids []string
	for _, line := range r.Header.Values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			name, text, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if name == cookieName {
				ids = append(ids, strings.Trim(text, `"`))
			}
		}
	}
	return ids
}
