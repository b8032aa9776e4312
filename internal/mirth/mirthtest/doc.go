// Package mirthtest is a fake integration engine, in the shape of
// [net/http/httptest]: it listens, answers like a recorded engine 4.5.2, keeps
// every byte that it receives, and misbehaves when told to.
//
// What it answers to a login, about users and to odd paths, cookies and
// credentials follows the recordings byte for byte, weak spots included:
// session ids that a success does not renew, HTTP Basic on every endpoint,
// parameters inside of paths, a stack trace for a form without a username, and
// a lockout that tells how many attempts are left. The rest of the API is
// plausible rather than complete.
//
// It needs no *testing.T, so demonstrations can use it too.
package mirthtest
