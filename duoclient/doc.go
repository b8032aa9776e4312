// Package duoclient speaks to Duo. [Universal] is the Universal Prompt
// (OpenID Connect with signed requests): is Duo there, where does the browser
// go, and what did Duo say about the user.
//
// Everything on the wire takes one road (road.go): HTTP/1.1 over TLS 1.2 or
// newer to servers that chain to Duo's own roots, with deadlines, a bounded
// answer, no redirects and no proxy but the configured one. Whatever goes wrong
// there is told apart by whose fault it is, see [Classify].
//
// A token is believed only after every check of idtoken.go. No error of this
// package shows a code, state, nonce, assertion, token or secret.
package duoclient
