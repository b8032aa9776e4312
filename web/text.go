package web

import (
	"html/template"
	"strings"
)

// What people read. Each sentence stands here once; reasons are in the audit
// trail and the log, never in these.
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

// pageText is a page that says one thing.
type pageText struct{ Title, Lead, Next string }

// The pages without a code on them.
var (
	pageBad = pageText{
		Title: "This link does not work",
		Lead:  "It is incomplete, has expired, or was used before.",
		Next:  "Start the sign-in again in your client. You can close this page.",
	}
	pageOver = pageText{
		Title: "This sign-in has ended",
		Lead:  "It was completed, denied or stopped already.",
		Next:  "If you still need to sign in, start again in your client. You can close this page.",
	}
	pageRefused = pageText{
		Title: "The sign-in was refused",
		Lead:  "Duo did not confirm it.",
		Next:  "If you refused it because you did not start it, press Deny, change your password and tell your administrator. Otherwise start again in your client.",
	}
	pageDenied = pageText{
		Title: "The sign-in was denied",
		Lead:  "It has been stopped and cannot be completed any more.",
		Next:  "If you did not start it, somebody knows your password: change it now and tell your administrator. You can close this page.",
	}
	pageUnavailable = pageText{
		Title: "The server cannot answer at the moment",
		Lead:  "Nothing was changed.",
		Next:  "Try again shortly.",
	}
	pageForeign = pageText{
		Title: "Nothing was done",
		Lead:  "This request did not come from a page of this server.",
		Next:  "Open the link of your sign-in again and use the buttons there.",
	}
)

// callbackText is what the pages about one sign-in say. HTML fields are part
// of the program and hold no input.
type callbackText struct {
	Facts, User, From, Started, Ends, Deny string

	CodeTitle, CodeLead           string
	DataTitle                     string
	DataHelp                      template.HTML
	DataCopy                      string
	CurlTitle                     string
	CurlHelp                      template.HTML
	CurlCopy                      string
	SecretStrong, Secret          string
	NotYouTitle, NotYou           string
	WarnTitle, WarnStrong, Warn   string
	WarnAdvice, Confirm           string
	Copied, CopiedLong, CopyYours string
	Left, Over                    string
}

var textCallback = callbackText{
	Facts: "About this sign-in", User: "User", From: "From", Started: "Started", Ends: "Ends", Deny: "Deny",

	CodeTitle:    "Finish signing in",
	CodeLead:     "Duo has confirmed you. One step is left: hand the code below to the client in which you are signing in.",
	DataTitle:    "Code for your client",
	DataHelp:     "Paste it where your client asks for it. It is the value of the header <code>X-Mirth-Login-Data</code> and works once.",
	DataCopy:     "Copy code",
	CurlTitle:    "Or as a command",
	CurlHelp:     "Run it on the computer where you began. The answer holds your <code>JSESSIONID</code>. If you keep cookies in a file, add <code>--cookie</code> and <code>--cookie-jar</code> with its name.",
	CurlCopy:     "Copy command",
	SecretStrong: "Never give this code to anyone.",
	Secret:       "Nobody needs it but your own client: whoever has it can sign in as you.",
	NotYouTitle:  "Not you?",
	NotYou:       "If you did not start this sign-in, stop it. The code is then worthless.",

	WarnTitle:  "Did you start this sign-in?",
	WarnStrong: "This browser is not where the sign-in began.",
	Warn:       "If somebody sent you here or asked you to approve a Duo prompt, they are trying to get into your account.",
	WarnAdvice: "If you did not start it, or are not sure, deny it.",
	Confirm:    "I started it myself: show the code",

	Copied:     "Copied",
	CopiedLong: "Copied to the clipboard.",
	CopyYours:  "Press Ctrl+C or Cmd+C to copy the selected text.",
	Left:       "left",
	Over:       "over",
}
