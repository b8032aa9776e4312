package text

import "html/template"

// Callback is what the pages at the end of a prompt say, to which a client that
// does both calls sends its user. Fields of HTML are part of the program and
// hold no input.
type Callback struct {
	// The pages without a code on them.
	Bad, Over, Refused, Denied, Unavailable, Foreign Saying

	Facts, User, From, Started, Ends, Deny string

	CodeTitle, CodeLead         string
	DataTitle                   string
	DataHelp                    template.HTML
	DataCopy                    string
	CurlTitle                   string
	CurlHelp                    template.HTML
	CurlCopy                    string
	SecretStrong, Secret        string
	NotYouTitle, NotYou         string
	WarnTitle, WarnStrong, Warn string
	WarnAdvice, Confirm         string
}

var englishCallback = Callback{
	Bad: Saying{
		Title: "This link does not work",
		Lead:  "It is incomplete, has expired, or was used before.",
		Next:  "Start the sign-in again in your client. You can close this page.",
	},
	Over: Saying{
		Title: "This sign-in has ended",
		Lead:  "It was completed, denied or stopped already.",
		Next:  "If you still need to sign in, start again in your client. You can close this page.",
	},
	Refused: Saying{
		Title: "The sign-in was refused",
		Lead:  "Duo did not confirm it.",
		Next:  "If you refused it because you did not start it, press Deny, change your password and tell your administrator. Otherwise start again in your client.",
	},
	Denied: Saying{
		Title: "The sign-in was denied",
		Lead:  "It has been stopped and cannot be completed any more.",
		Next:  "If you did not start it, somebody knows your password: change it now and tell your administrator. You can close this page.",
	},
	Unavailable: Saying{
		Title: "The server cannot answer at the moment",
		Lead:  "Nothing was changed.",
		Next:  "Try again shortly.",
	},
	Foreign: Saying{
		Title: "Nothing was done",
		Lead:  "This request did not come from a page of this server.",
		Next:  "Open the link of your sign-in again and use the buttons there.",
	},

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
}
