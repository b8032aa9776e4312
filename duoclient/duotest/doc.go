// Package duotest is a Duo service for one machine: a stateful simulator of
// what Duo Security answers, shaped like net/http/httptest. Tests, examples,
// benchmarks and the commands that run without a Duo account share it.
//
// It owns users with their phones and bypass codes, the integrations that may
// call it, pending prompts and issued codes, and speaks the Universal Prompt:
//
//	POST /oauth/v1/health_check
//	GET  /oauth/v1/authorize     (POST as well)
//	POST /oauth/v1/token
//
// Requests are checked as the service checks them, in every encoding that
// Duo's own SDKs use; the package shares no code with this project's client,
// so that each is a check of the other. [Faults] makes the simulator
// misbehave, one knob for each thing that a client has to survive.
//
// # The prompt page
//
// In mode [Ask] the authorize URL shows a page that works without JavaScript.
// Browser tests may rely on these element ids:
//
//	buttons  push approve deny fraud passcode-submit bypass-submit cancel
//	         enroll-submit
//	inputs   passcode bypass_code phone_number (the names are the same),
//	         device-<phone id> (radio buttons named device)
//	others   application, username, message, virtual-phone, passcode-hint,
//	         error
//
// The page pushes to the first phone by itself, so approve and deny are there
// from the beginning; push sends another. A refused push leaves the person on
// the page; cancel goes back to the application with error=access_denied.
//
// The other modes answer the authorize URL with redirects alone and need no
// cookie.
//
// All methods of [Server] are safe for concurrent use. The simulator protects
// nothing: it must never stand where a real second factor is expected.
package duotest
