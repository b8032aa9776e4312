package session

import (
	"errors"
	"slices"
)

// Kind says which cookie names a session. Sessions of one user are counted,
// and make room for each other, within their kind (threat T116). The numbers
// are stored.
type Kind uint8

// The kinds. A service token's session has the API's cookie, and counts apart
// from those of its user, so that a program never ends a person's session.
const (
	KindAPI Kind = iota
	KindPage
	KindConsole
	KindToken
)

// kindNames are the kinds as listings and the audit trail have them.
var kindNames = [...]string{KindAPI: "api", KindPage: "page", KindConsole: "console", KindToken: "token"}

// ErrKind means that there is no such kind of session.
var ErrKind = errors.New("session: unknown kind")

// Valid reports whether there is such a kind.
func (k Kind) Valid() bool { return int(k) < len(kindNames) }

// API reports whether the session is one of the API, of a person or a
// program, rather than of pages in a browser.
func (k Kind) API() bool { return k == KindAPI || k == KindToken }

// String is the name of the kind: api, page, console, token.
func (k Kind) String() string {
	if !k.Valid() {
		return "unknown"
	}
	return kindNames[k]
}

// names reports whether the cookie names sessions of the kind.
func (k *cookie) names(kind Kind) bool { return slices.Contains(k.kinds, kind) }

// cookieOf is the cookie that names sessions of the kind; [ErrKind].
func (m *Manager) cookieOf(kind Kind) (*cookie, error) {
	for _, k := range []*cookie{&m.api, &m.pages, &m.console} {
		if k.names(kind) {
			return k, nil
		}
	}
	return nil, ErrKind
}
