package text

// ConsoleDo is one thing that an administrator can do.
type ConsoleDo struct {
	// Title names it, Lead says what comes of it, Do is on the button.
	Title, Lead, Do string
}

// ConsoleDeed is what the forms of the console say.
type ConsoleDeed struct {
	About, Subject, Everybody, Now      string
	Reason, ReasonHelp                  string
	Cancel                              string
	NeedReason, BadReason, Changed      string
	Self, Quota, PhoneTaken, LastAdmin  string
	Gone, Duo, Refused, NotAtDuo, NoDuo string
	Internal                            string

	Bypass, BypassTold, Enrol, EnrolTold ConsoleDo
	Reset, Lock, Unlock, Disable, Enable ConsoleDo
	EndUser, EndEverybody                ConsoleDo
	Valid, Keep, BypassCode              string
	Lives                                [4]string
	Deliver, DeliverLink, DeliverSMS     string
	DeliverEmail                         string
	Phone, PhoneHelp, Email, EmailHelp   string
	NeedEmail, NeedPhone, EnrolLink, QR  string
	NeedLife                             string
	GoodUntil, Once                      string
}

var englishConsoleDeed = ConsoleDeed{
	About: "What this is about", Subject: "User", Everybody: "Everybody", Now: "Now",
	Reason:     "Reason",
	ReasonHelp: "3 to 200 characters. It stays in the audit trail, so do not write secrets here.",
	Cancel:     "Cancel",
	NeedReason: "Say why, in 3 to 200 characters on one line.",
	BadReason:  "A reason has 3 to 200 characters on one line.",
	Changed:    "This has changed since you opened the page. Look at what it is now, and decide again.",
	Self:       "Nobody does this to himself. Ask another administrator.",
	Quota:      "You have made as many bypass codes today as one administrator may. Ask another administrator.",
	PhoneTaken: "The phone is somebody else's.",
	LastAdmin:  "This is the last enabled administrator, who cannot be disabled.",
	Gone:       "What this is about is gone.",
	Duo:        "Duo did not answer as it should. Look whether it was done, then try again.",
	Refused:    "This was refused: something that was typed does not fit. Nothing was done.",
	NotAtDuo:   "Duo does not know this user.",
	NoDuo:      "No application of Duo's Admin API is configured.",
	Internal:   "The server cannot do this at the moment. Look whether it was done, then try again.",

	Bypass: ConsoleDo{
		Title: "Make a bypass code",
		Lead:  "The code stands in for the user's device, once. Make sure that you know who is asking: whoever has the code and the password gets in.",
		Do:    "Make the code",
	},
	BypassTold: ConsoleDo{Title: "The bypass code", Lead: "Tell it to the user, and nobody else. It works once.", Do: "Back to the user"},
	Enrol: ConsoleDo{
		Title: "Enrol a device",
		Lead:  "The user gets a link that sets Duo up on a phone. Whoever opens it first has the second factor, so be sure where it goes.",
		Do:    "Make the link",
	},
	EnrolTold: ConsoleDo{Title: "The link", Lead: "The user opens it on the phone, or scans the code with Duo Mobile.", Do: "Back to the user"},
	Reset: ConsoleDo{
		Title: "Take away all devices",
		Lead:  "All phones, tokens, security keys and bypass codes of the user are removed, and all sessions end. The user cannot sign in until enrolled anew. This cannot be undone.",
		Do:    "Take away all devices",
	},
	Lock: ConsoleDo{
		Title: "Lock the user at Duo",
		Lead:  "Duo refuses every sign-in of the user, here and everywhere else the account uses Duo. Sessions go on; end them on the user's page.",
		Do:    "Lock",
	},
	Unlock: ConsoleDo{
		Title: "Unlock the user at Duo",
		Lead:  "Duo asks the user for a second factor again, and lets him in with it.",
		Do:    "Unlock",
	},
	Disable: ConsoleDo{
		Title: "Disable the account",
		Lead:  "The password is not accepted any more, and all sessions and service tokens of the user end at once.",
		Do:    "Disable",
	},
	Enable: ConsoleDo{
		Title: "Enable the account",
		Lead:  "The user can sign in again with the same password. Sessions and service tokens that ended do not come back.",
		Do:    "Enable",
	},
	EndUser: ConsoleDo{
		Title: "End all sessions of the user",
		Lead:  "The user is signed out everywhere, clients and programs included, and has to sign in again.",
		Do:    "End all sessions",
	},
	EndEverybody: ConsoleDo{
		Title: "End all sessions of everybody",
		Lead:  "Everybody is signed out everywhere, you too. Clients and programs have to sign in again.",
		Do:    "End all sessions",
	},
	Valid: "Good for", Keep: "Keep the user's other bypass codes", BypassCode: "Bypass code",
	NeedLife: "Choose from the list how long the code is good.",
	Lives:    [4]string{"15 minutes", "1 hour", "4 hours", "1 day"},
	Deliver:  "How the user gets it", DeliverLink: "Show the link here, once", DeliverSMS: "Text it to the phone", DeliverEmail: "Send it by e-mail",
	Phone: "Phone number", PhoneHelp: "With country code, such as +17345550100. Leave it empty for a tablet, or for e-mail.",
	Email: "E-mail address", EmailHelp: "Only needed when the link is sent by e-mail.",
	NeedEmail: "Give the e-mail address to which the link is to go.",
	NeedPhone: "Give the number of the phone to which the link is to go.",
	EnrolLink: "Link", QR: "QR code for Duo Mobile",
	GoodUntil: "Good until", Once: "It is shown this once, and kept nowhere.",
}
