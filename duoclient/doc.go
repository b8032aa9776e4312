// Package duoclient speaks to Duo. [Universal] is the Universal Prompt
// (OpenID Connect with signed requests): is Duo there, where does the browser
// go, and what did Duo say about the user. [Auth], [Admin] and [Accounts] are
// Duo's signed APIs: second factors without a browser, everything that
// administrators do, and the child accounts of a parent.
//
// Everything on the wire takes one road (road.go): HTTP/1.1 over TLS 1.2 or
// newer to servers that chain to Duo's own roots, with deadlines, a bounded
// answer, no redirects and no proxy but the configured one. Whatever goes wrong
// there is told apart by whose fault it is, see [Classify].
//
// A token is believed only after every check of idtoken.go. No error of this
// package shows a code, state, nonce, assertion, token or secret.
//
// Calls of the signed APIs check their parameters before anything is sent (see
// [ParameterError]), ask again after 429 and 5xx where asking twice does no
// more than asking once, and give Duo's refusals as [*APIError] with advice.
// Lists are iterators that fetch a page when it is reached. Objects keep the
// members that this package does not know (see [Extra]) and print without
// their secrets; RevealJSON is for those who asked for them.
package duoclient
