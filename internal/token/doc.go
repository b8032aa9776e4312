// Package token keeps what stands in for a login in two calls: service tokens
// of programs, sign-in codes for clients that can only type a password, and
// break-glass codes for the day Duo is down.
//
// It owns their form, their life and their use: every value is random, shown
// once when it is made, kept as a hash and recognised by its prefix (see
// [KindOf]), so that none is ever tried as a password. A sign-in code and a
// break-glass code work once, however many try at the same moment. What cannot
// be judged is refused: a store that does not answer is [ErrUnavailable],
// never a yes.
//
// Nobody is an administrator by a service token: a [Token] does not say so,
// whoever its user is.
package token
