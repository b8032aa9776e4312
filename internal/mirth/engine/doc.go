// Package engine is the client of a Mirth-style integration engine that stands
// behind us: logging in with a password, asking who a session is, logging out,
// and fetching what the engine shows to everybody.
//
// Every answer is judged as if a stranger had written it. A login counts as
// one only if the status code, the content type, the body and the cookie all
// say so; a redirect, a compressed body or a body that is too long is never
// followed, inflated or read on. Nothing is sent before the engine's
// certificate was verified, and no request is sent twice.
//
// The package keeps no session and no cookie: what it is given per call is all
// it sends.
package engine
