package web

import "strings"

// What clients of the login API are told. Each sentence stands here once;
// reasons are in the audit trail and the log, never in these. The words of
// pages are in [mfaserver/web/text].
const (
	// textRefused is the engine's own wording for every refused login.
	textRefused = "Incorrect username or password."
	// textChallenge goes with the challenge.
	textChallenge = "Open authURL in a browser to confirm this sign-in with Duo, then sign in again as the page there says."
	// textServerURL names the header a first call lacks.
	textServerURL = "Send the header X-Mirth-Server-Url with the address of this server as your browser reaches it, for example https://mirth.example.org:8443. " +
		"It must be one of the server's public URLs."
	// textLoopback refuses a login from a terminal that wants the browser to
	// come back to its own machine.
	textLoopback = "This server does not send browsers back to programs on their own machine (allow_loopback_redirect is off). " +
		"Sign in by pasting the login data instead: send X-Mirth-Server-Url with one of the server's public URLs."
	textThrottled = "Too many attempts. Try again later."
	// textPasscodesSent goes to a user whose phone has passcodes now.
	textPasscodesSent = "Passcodes were sent to your phone. Sign in again with your password, a comma and one of them."
	textDuo           = "The second factor is unavailable. Try again later, or ask your administrator."
	textStartAgain    = "The second factor could not be checked. Start the sign-in again."
	textUnavailable   = "The server cannot check sign-ins at the moment. Try again shortly."
)

// textNotEnrolled names whom to ask, as the end of a sentence, so that any
// wording of the configuration fits.
func textNotEnrolled(contact string) string {
	if contact == "" {
		contact = "your administrator"
	}
	return "Your account is not enrolled in Duo yet, so you cannot sign in. To be enrolled, ask " + strings.TrimSuffix(contact, ".") + "."
}
