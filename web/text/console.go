package text

// Console is what the pages under /mfa/admin/ say.
type Console struct {
	Frame         ConsoleFrame
	Users         ConsoleUsers
	Sessions      ConsoleSessions
	Deed          ConsoleDeed
	Reports       ConsoleReports
	Overview      ConsoleOverview
	Audit         ConsoleAudit
	Tokens        ConsoleTokens
	Exemptions    ConsoleExemptions
	Pending       ConsolePending
	Organizations ConsoleOrganizations
	Health        ConsoleHealth
	// Events and Families are what people call the entries of the audit
	// catalogue, and those whose names begin alike; Factors what proves a user.
	// Areas are the parts of an installation.
	Events, Families, Factors, Areas map[string]string
}

// ConsoleFrame is what the console says around its pages.
type ConsoleFrame struct {
	Nowhere, Method, Foreign, BadQuery, Unavailable Saying
	// Home leads to the first page.
	Home string

	// The page that leads to Duo: the first time, and again for what is
	// sensitive.
	ConfirmTitle         string
	EnterLead, AgainLead string
	ConfirmHelp, Confirm string
	Confirmed            string
	NotConfirmed, Denied string
	BadLink, Over        string
	TooMany, NotEnrolled string
	NoDuo                string
}

var englishConsole = Console{
	Frame:         englishConsoleFrame,
	Users:         englishConsoleUsers,
	Sessions:      englishConsoleSessions,
	Deed:          englishConsoleDeed,
	Reports:       englishConsoleReports,
	Overview:      englishConsoleOverview,
	Audit:         englishConsoleAudit,
	Tokens:        englishConsoleTokens,
	Exemptions:    englishConsoleExemptions,
	Pending:       englishConsolePending,
	Organizations: englishConsoleOrganizations,
	Health:        englishConsoleHealth,
	Events:        englishEvents,
	Families:      englishFamilies,
	Factors:       englishFactors,
	Areas:         englishAreas,
}

var englishConsoleFrame = ConsoleFrame{
	Nowhere: Saying{
		Title: "There is no such page",
		Lead:  "What was here is gone, or the address is wrong.",
		Next:  "Go on from the menu.",
	},
	Method: Saying{
		Title: "This page cannot be asked that",
		Lead:  "The address is only for a button or only for a link.",
		Next:  "Go on from the menu.",
	},
	Foreign: Saying{
		Title: "Nothing was done",
		Lead:  "The form did not come from a page of your present sign-in, or was incomplete.",
		Next:  "Open the page again and use the buttons there.",
	},
	BadQuery: Saying{
		Title: "This address cannot be read",
		Lead:  "Something in it is malformed or comes twice.",
		Next:  "Go on from the menu.",
	},
	Unavailable: Saying{
		Title: "The server cannot answer at the moment",
		Lead:  "Something that this page needs did not answer.",
		Next:  "Try again shortly. If you were changing something, look first whether it was done.",
	},
	Home: "To the first page",

	ConfirmTitle: "Confirm with Duo",
	EnterLead:    "The console is open to administrators who have confirmed with Duo. You are signed in; confirm once more to go on.",
	AgainLead:    "What you are about to do is sensitive, and your last approval is more than a few minutes old. Confirm once more to go on.",
	ConfirmHelp:  "You come back to this page afterwards.",
	Confirm:      "Confirm with Duo",
	Confirmed:    "Duo has confirmed you.",
	NotConfirmed: "Duo did not confirm you. Try again.",
	Denied:       "You cancelled or refused at the Duo prompt. Try again when you are ready.",
	BadLink:      "This is not a Duo prompt that began in this browser. Start again here.",
	Over:         "This Duo prompt has ended already. Start again.",
	TooMany:      "Too many Duo prompts are open for you. Wait a few minutes, then try again.",
	NotEnrolled:  "Your account is not enrolled in Duo. Another administrator has to enrol it.",
	NoDuo:        "Duo cannot be reached at the moment. Try again shortly.",
}
