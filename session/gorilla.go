package session

import (
	"errors"
	"net/http"

	"github.com/gorilla/sessions"
)

var _ sessions.Store = (*Manager)(nil)

// ErrUnknownName means that gorilla/sessions asked for a cookie that is none of
// ours.
var ErrUnknownName = errors.New("session: none of the cookies")

// Keys of the values of a [sessions.Session].
type (
	openKey    struct{}
	pendingKey struct{}
)

// Of returns the session that g stands for: loaded from the request, or
// started by Save.
func Of(g *sessions.Session) (Session, bool) {
	s, ok := g.Values[openKey{}].(Session)
	return s, ok
}

// Put makes the next Save of g start a session for s.Username, in place of
// the one that g stands for.
func Put(g *sessions.Session, s Session) { g.Values[pendingKey{}] = s }

// Get implements [sessions.Store]: New, once a request.
func (m *Manager) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(m, name)
}

// New implements [sessions.Store] over Load, LoadPage and LoadConsole; name is that of
// the cookie. The session it returns is never nil. It is new, and [Of] finds
// nothing in it, when the request opens no session. Having none, no longer
// included, is no error; any other error of Load is.
//
// Nothing else that is put into Values outlasts the request.
func (m *Manager) New(r *http.Request, name string) (*sessions.Session, error) {
	g := sessions.NewSession(m, name)
	g.IsNew = true
	k, err := m.cookieNamed(name)
	if err != nil {
		return g, err
	}
	*g.Options = k.options
	s, err := m.load(r, k)
	switch {
	case errors.Is(err, ErrNoCookie) || errors.Is(err, ErrNotFound):
		return g, nil
	case err != nil:
		return g, err
	}
	openGorilla(g, s)
	return g, nil
}

// Save implements [sessions.Store]: it starts what [Put] asked for, and ends
// the request's session when Options.MaxAge is negative. Otherwise there is
// nothing to save, and no cookie is written: a visitor without a login gets
// none. Of the Options only MaxAge is read; the attributes of the cookies are
// fixed.
func (m *Manager) Save(r *http.Request, w http.ResponseWriter, g *sessions.Session) error {
	k, err := m.cookieNamed(g.Name())
	if err != nil {
		return err
	}
	if g.Options != nil && g.Options.MaxAge < 0 {
		_, err := m.end(r.Context(), w, r, k)
		if err == nil || errors.Is(err, ErrNotRecorded) {
			closeGorilla(g)
		}
		if errors.Is(err, ErrNoCookie) || errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	}
	s, ok := g.Values[pendingKey{}].(Session)
	if !ok {
		return nil
	}
	delete(g.Values, pendingKey{})
	s.Kind = k.kinds[0]
	s, err = m.Start(r.Context(), w, r, s)
	if err != nil {
		return err
	}
	openGorilla(g, s)
	return nil
}

func (m *Manager) cookieNamed(name string) (*cookie, error) {
	for _, k := range []*cookie{&m.api, &m.pages, &m.console} {
		if k.name == name {
			return k, nil
		}
	}
	return nil, ErrUnknownName
}

// openGorilla makes g stand for s. Its ID is the public handle.
func openGorilla(g *sessions.Session, s Session) {
	g.Values[openKey{}] = s
	g.ID, g.IsNew = s.Key.Handle(), false
}

func closeGorilla(g *sessions.Session) {
	delete(g.Values, openKey{})
	g.ID, g.IsNew = "", true
}
