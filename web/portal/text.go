package portal

// saying is a page that says one thing.
type saying struct{ Title, Lead, Next string }

var (
	textBad = saying{
		Title: "This link does not work",
		Lead:  "It is incomplete, has expired, or was used before.",
		Next:  "Start the sign-in again.",
	}
	textOver = saying{
		Title: "This sign-in has ended",
		Lead:  "It was completed, denied or stopped already. A sign-in code is shown only once.",
		Next:  "If you still need to sign in, start again.",
	}
	textStranger = saying{
		Title: "This browser is not where the sign-in began",
		Lead:  "Nothing was done. If somebody sent you here or asked you to approve a Duo prompt, they may be trying to get into your account.",
		Next:  "If you began the sign-in in another browser, go back to it or start again here.",
	}
	textForeign = saying{
		Title: "Nothing was done",
		Lead:  "The form was too old, or did not come from a page of this server.",
		Next:  "Open the page again and use the buttons there.",
	}
	textUnavailable = saying{
		Title: "The server cannot answer at the moment",
		Lead:  "Nothing was changed.",
		Next:  "Try again shortly.",
	}
	textNowhere = saying{
		Title: "There is no such page",
		Lead:  "The address is not one of this server's.",
		Next:  "Begin at the first page.",
	}
	textMethod = saying{
		Title: "Nothing was done",
		Lead:  "This address cannot be used that way.",
		Next:  "Begin at the first page.",
	}
)

// texts is what the other pages say.
type texts struct {
	HomeTitle, HomeLead, Username, Password, SignIn string
	GetCode, GetCodeHelp                            string
	SignedIn, Again, SignOut, Back                  string
	CodeTitle, CodeLead, CodeLabel, CodeHelp        string
	Copy, Copied, CopiedLong, CopyYours             string
	Facts, User, Ends, Left, Over                   string
	SecretStrong, Secret                            string
	Refused, Throttled, Denied, NotConfirmed        string
	Expired, Duo                                    string
}

var text = texts{
	HomeTitle:   "Sign in",
	HomeLead:    "Sign in with your username and password. Duo then asks you to confirm it.",
	Username:    "Username",
	Password:    "Password",
	SignIn:      "Sign in",
	GetCode:     "Sign in and get a code",
	GetCodeHelp: "A code is for a client that cannot open a Duo prompt: you type it there in place of the password.",
	SignedIn:    "You are signed in as",
	Again:       "For a code, sign in once more",
	SignOut:     "Sign out",
	Back:        "To the first page",

	CodeTitle:    "Your sign-in code",
	CodeLead:     "Duo has confirmed you. Sign in to your client now, with your username and this code as the password.",
	CodeLabel:    "Sign-in code",
	CodeHelp:     "It works once, and only for a short time. This page does not show it again.",
	Copy:         "Copy code",
	Copied:       "Copied",
	CopiedLong:   "Copied to the clipboard.",
	CopyYours:    "Press Ctrl+C or Cmd+C to copy the selected text.",
	Facts:        "About this code",
	User:         "User",
	Ends:         "Ends",
	Left:         "left",
	Over:         "over",
	SecretStrong: "Never give this code to anyone.",
	Secret:       "Nobody needs it but your own client: whoever has it can sign in as you.",

	Refused:      "Incorrect username or password.",
	Throttled:    "Too many attempts. Try again later.",
	Denied:       "Duo did not confirm the sign-in. If you did not start it, change your password and tell your administrator.",
	NotConfirmed: "The sign-in could not be completed. Start it again.",
	Expired:      "Your password has expired. Change it, or ask your administrator.",
	Duo:          "The second factor is unavailable. Try again later, or ask your administrator.",
}
