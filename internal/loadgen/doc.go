// Package loadgen plays logins against a running server: the call with the
// password, the browser at Duo's prompt and at the callback page, the call with
// the login data, and the logout, by many clients at a time. It times each leg
// and counts what came of the logins.
//
// The prompt is confirmed by nobody: the Duo behind the server must be a
// simulator that approves by itself. Nothing is ever sent to Duo's own hosts.
//
// A run is bounded in time and in the logins under way. Its memory does not
// grow with the number of logins.
package loadgen
