// Package apiclient signs in over the engine's login API as a program does
// that a person sits at: the call with the password, what follows from its
// answer (a session at once, or a prompt to confirm and a second call), and the
// end of the session. It knows no terminal and opens no browser.
//
// What a server answers is judged before anything is done with it: the prompt
// is a page of the host that the answer itself names, the browser comes back
// to where it was asked to and nowhere else, and a session counts as one only
// if status code, body and cookie all say so. Nothing is sent before the
// server's certificate was verified, no redirect is followed, and no request
// is sent twice.
//
// [Jar] keeps sessions for curl.
package apiclient
