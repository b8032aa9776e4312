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
// and the signed APIs, on the same users, phones and codes:
//
//	/auth/v2/...      Auth API
//	/admin/...        Admin API: users, phones, bypass codes, groups, tokens,
//	                  WebAuthn credentials, settings, integrations,
//	                  administrators, info, logs, bulk
//	/accounts/v1/...  Accounts API, with child accounts
//
// Signatures are taken in every form that Duo's own libraries use (version 2
// with SHA-1 or SHA-512, versions 4 and 5), refused in the service's order and
// words, and every login and every change is in the logs.
//
// Requests are checked as the service checks them, in every encoding that
// Duo's own SDKs use; the package shares no code with this project's client,
// so that each is a check of the other. [Faults] makes the simulator
// misbehave, one knob for each thing that a client has to survive.
//
// # The prompt page
//
// In mode [Ask] the authorize URL shows a page that works without JavaScript;
// with it the page goes on by itself when the phone is answered elsewhere.
// Browser tests may rely on these element ids:
//
//	buttons  push call sms approve deny fraud continue passcode-submit
//	         bypass-submit security-key touch cancel scan enroll-submit
//	inputs   passcode bypass_code phone_number code remember (the names are
//	         the same), device-<phone id> (radio buttons named device)
//	others   application, username, message, virtual-phone, virtual-key,
//	         passcode-hint, verification-code, activation-link, qr, help, error
//
// The page pushes to the first phone by itself, so approve and deny are there
// from the beginning; push sends another. A push rings for a minute. A refused
// push leaves the person on the page; cancel goes back to the application with
// error=access_denied.
//
// With [Config.VerifiedPush] the page shows digits, verification-code, that the
// phone asks for in code. security-key is there for users with
// [User.WebAuthn]; touch (of a second key touch-<key>) stands for touching the
// key, and nothing is signed. With [Config.RememberDays] the box remember makes
// a cookie, and the browser passes with reason remembered_device until it is
// over, or until somebody presses forget on the user's page of phones. Somebody
// without a device gives a number (enroll-submit) or scans qr: with the virtual
// camera (scan), or by opening activation-link anywhere.
//
// The other modes answer the authorize URL with redirects alone and need no
// cookie.
//
// # Virtual phones
//
// /sim/phones lists everybody, /sim/phones/{username} shows what rings (pushes
// of the prompt and of the Auth API, calls, verification pushes), what the
// phones show, and what rang before. The ids are approve, deny, fraud and code;
// of a second push that waits they end in "-" and its ID. Tests may do the
// same with [Server.WaitForPush] and [Server.AnswerPush]. In the other modes
// than [Ask] every push is answered as the mode says. A person who answered a
// push of the prompt here goes on there with the button continue.
//
// Activation links, enroll_portal_url and bar codes lead to the simulator, too.
// Their codes can be scanned; what the picture of activation_barcode holds is
// for the app alone (duo://...).
//
// # Child accounts
//
// Every child of [Config.Children], [Server.AddAccount] or the Accounts API has
// users, keys, logs and an API host of its own, which is another address or
// port of this machine (names under .localhost do not resolve everywhere). The
// certificate of such a host is good for that address and for [Config.Hosts].
// The connection says which account is meant, not the Host header.
//
// All methods of [Server] are safe for concurrent use. The simulator protects
// nothing: it must never stand where a real second factor is expected.
package duotest
