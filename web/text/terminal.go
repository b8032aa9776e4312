package text

// Terminal is what the page says to which the browser comes back when somebody
// signs in at a terminal.
type Terminal struct {
	SignedIn, Refused, Failed, Bad Saying

	Facts, User, Server string
}

var englishTerminal = Terminal{
	SignedIn: Saying{
		Title: "You are signed in",
		Lead:  "The program in the terminal has the session.",
		Next:  "You can close this page and go back to the terminal.",
	},
	Refused: Saying{
		Title: "The sign-in was refused",
		Lead:  "Duo did not confirm it. Nobody was signed in.",
		Next:  "If you did not start it, somebody knows your password: change it now and tell your administrator. Otherwise start again in the terminal.",
	},
	Failed: Saying{
		Title: "You are not signed in",
		Lead:  "Duo confirmed you, but the sign-in came to nothing.",
		Next:  "The terminal says why. You can close this page.",
	},
	Bad: Saying{
		Title: "This link does not work",
		Lead:  "It is incomplete, or belongs to another sign-in or to one that has ended.",
		Next:  "Start the sign-in again in the terminal. You can close this page.",
	},

	Facts: "About this sign-in", User: "User", Server: "Server",
}
