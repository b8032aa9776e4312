// Package session owns signed-in state and nothing else: it makes, finds and
// ends sessions once a login has succeeded, and keeps their rules (idle and
// absolute limits, how many a user may have, what a cookie must look like).
//
// The [Manager] is a [sessions.Store] of gorilla/sessions. The cookie holds an
// opaque id of 256 random bits and nothing else; a [Store] knows the session by
// the SHA-256 of that id, so that a copy of the store opens no session. There
// are two kinds of cookie, one for the API and one for the pages, and an id of
// one kind never opens a session of the other.
//
// Package sessiontest checks that a Store keeps its contract.
package session
