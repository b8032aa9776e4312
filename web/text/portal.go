package text

// Portal is what the pages under /mfa/ say. Of sentences that end in a colon
// or a preposition the page shows a value right after.
type Portal struct {
	// The pages that say one thing.
	Bad, Over, Stranger, Foreign, Unavailable, Nowhere, Method Saying
	Back                                                       string

	SignIn   PortalSignIn
	Menu     PortalMenu
	Home     PortalHome
	Sessions PortalSessions
	Devices  PortalDevices
	Code     PortalCode
	Setup    PortalSetup
	Factors  PortalFactors
	Notices  PortalNotices
}

// PortalMenu is the pages' names in the menu.
type PortalMenu struct{ Home, Sessions, Devices, Code, Setup, Console string }

// PortalSignIn is the sign-in.
type PortalSignIn struct {
	Title, Lead, LeadConsole                               string
	Username, Password, SignIn, GetCode, GetCodeHelp       string
	Refused, Throttled, Denied, NotConfirmed, Expired, Duo string
	NotEnrolled, SomebodyToAsk                             string
}

// PortalHome is the first page of somebody who is signed in.
type PortalHome struct {
	Title, Lead                             string
	You, User, Role, Administrator, Person  string
	Proof, Method, Device, When, NotAsked   string
	From, Browser, SignedIn, Ends, IdleNote string
	Tasks                                   string
	SessionsText, DevicesText, CodeText     string
	SetupText, ConsoleText                  string
	SessionsLink, DevicesLink, CodeLink     string
	SetupLink, ConsoleLink                  string
	SessionsOne, SessionsN                  string
	AddedTitle, AddedFrom, NotMine          string
}

// PortalSessions is the list of one's sessions.
type PortalSessions struct {
	Title, Lead, Table                                string
	What, From, SignedIn, LastActive, Ends, Proved    string
	This, API, Page, Console, Token                   string
	End, EndOthers, EndOthersHelp, EndLabel, NoOthers string
	OthersTitle                                       string
	UnknownAgent, MirthAdministrator, On              string
}

// PortalDevices is the pages about one's devices.
type PortalDevices struct {
	Title, Lead, List                               string
	Phone, Tablet, Token, Key                       string
	Ending, Serial, Model, Platform, LastSeen       string
	Kind, PhoneNumber, Can                          string
	Push, Passcode, SMS, Call                       string
	Active, Waiting                                 string
	NoneTitle, None                                 string
	NotOfferedTitle, NotOffered                     string
	UnknownTitle, Unknown                           string
	Unavailable                                     string
	Bypass, LockedOut, Disabled                     string
	Add, AddTitle, AddLead                          string
	Name, NameHelp, Number, NumberHelp, AddButton   string
	ConfirmTitle, ConfirmLead, ConfirmWhy, Confirm  string
	Off                                             string
	NewTitle, NewLead                               string
	Step1, Step2, Step3                             string
	QR, Link, LinkHelp, LinkLabel                   string
	EndsAt, StillWaiting, Check, Done, DoneTitle    string
	Lapsed, LapsedTitle, ToDevices                  string
	Secret, SecretStrong                            string
	NumberBad, NameBad, Taken, AlreadySetUp, Enough string
}

// PortalCode is the pages about sign-in codes.
type PortalCode struct {
	Title, Lead, Steps             string
	Step1, Step2, Step3            string
	Get, GetPassword, PasswordNote string
	NotAllowed                     string
	ShownTitle, ShownLead, Label   string
	Help, Copy, Facts, User, Ends  string
	SecretStrong, Secret           string
	AnotherLink, HowTo             string
}

// PortalFactors are Duo's words for factors and reasons in ours.
type PortalFactors struct {
	Push, Passcode, Bypass, SMS, Call, Hardware, Key, Biometric string
	Remembered, Network, BypassUser, BreakGlass, Other, None    string
}

// PortalNotices is what came of the last action.
type PortalNotices struct {
	SignedOut, SessionEnded, SessionGone, OthersEnded, NoOthers string
	Confirmed, NotConfirmed, NotAsked, NoConsole                string
}

// PortalSetup is the pages about clients.
type PortalSetup struct {
	Title, Lead, Address, AddressHelp, Open, Steps, Certificate, Others string
	// Clients in the order in which they are listed.
	Clients []PortalClient
}

// PortalClient is how to set up one client.
type PortalClient struct {
	// Name is the last part of its address.
	Name, Title, Summary string
	// Push and Code are the ways to sign in for a person; Steps come first,
	// whatever the way.
	Steps, Push, Code, Notes []PortalStep
	// PushTitle and CodeTitle stand above the ways.
	PushTitle, CodeTitle, NotesTitle string
}

// PortalStep is a sentence, with something to be copied below it where Copy is
// not empty. {url}, {name} and {user} in it are replaced, {user} as a word for
// a shell. Label names what is copied.
type PortalStep struct{ Text, Label, Copy string }

var englishPortal = Portal{
	Bad: Saying{
		Title: "This link does not work",
		Lead:  "It is incomplete, has expired, or was used before.",
		Next:  "Start the sign-in again.",
	},
	Over: Saying{
		Title: "This sign-in has ended",
		Lead:  "It was completed, denied or stopped already. A sign-in code is shown only once.",
		Next:  "If you still need to sign in, start again.",
	},
	Stranger: Saying{
		Title: "This browser is not where the sign-in began",
		Lead:  "Nothing was done. If somebody sent you here or asked you to approve a Duo prompt, they may be trying to get into your account.",
		Next:  "If you began the sign-in in another browser, go back to it or start again here.",
	},
	Foreign: Saying{
		Title: "Nothing was done",
		Lead:  "The form was too old, or did not come from a page of this server.",
		Next:  "Open the page again and use the buttons there.",
	},
	Unavailable: Saying{
		Title: "The server cannot answer at the moment",
		Lead:  "Nothing was changed.",
		Next:  "Try again shortly.",
	},
	Nowhere: Saying{
		Title: "There is no such page",
		Lead:  "The address is not one of this server's.",
		Next:  "Begin at the first page.",
	},
	Method: Saying{
		Title: "Nothing was done",
		Lead:  "This address cannot be used that way.",
		Next:  "Begin at the first page.",
	},
	Back: "To the first page",

	Menu: PortalMenu{
		Home: "Your account", Sessions: "Sessions", Devices: "Devices", Code: "Sign-in code", Setup: "Set up a client", Console: "Administration",
	},

	SignIn: PortalSignIn{
		Title:       "Sign in",
		Lead:        "Sign in with your username and password. Duo then asks you to confirm it.",
		LeadConsole: "The administration console needs a new sign-in that you confirm with Duo.",
		Username:    "Username",
		Password:    "Password",
		SignIn:      "Sign in",
		GetCode:     "Sign in and get a code",
		GetCodeHelp: "A code is for a client that cannot open a Duo prompt: you type it there in place of the password.",

		Refused:      "Incorrect username or password.",
		Throttled:    "Too many attempts. Wait a few minutes, then try again.",
		Denied:       "Duo did not confirm the sign-in: it was cancelled, denied or not answered in time. Try again when you have your device at hand. If you did not start it, change your password and tell your administrator.",
		NotConfirmed: "The sign-in could not be completed. Start it again.",
		Expired:      "Your password has expired. Change it, or ask your administrator.",
		Duo:          "The second factor is unavailable. Try again in a few minutes, or ask your administrator.",
		NotEnrolled:  "Your account is not enrolled in Duo yet. To be enrolled, ask",

		SomebodyToAsk: "your administrator",
	},

	Home: PortalHome{
		Title: "Your account",
		Lead:  "Who you are here, how you proved it, and what you can do.",
		You:   "This sign-in",
		User:  "User", Role: "Role", Administrator: "Administrator", Person: "User",
		Proof: "How you proved it", Method: "Confirmed with", Device: "Device", When: "Confirmed at",
		NotAsked: "Duo did not ask",
		From:     "From", Browser: "Browser", SignedIn: "Signed in", Ends: "Ends",
		IdleNote: "sooner if you do nothing for some time",
		Tasks:    "What you can do",

		SessionsText: "See where you are signed in, and end what you do not need or do not know.",
		DevicesText:  "See the phones and keys that Duo knows, and add one before you need it.",
		CodeText:     "Sign in at a desktop program or a command line that cannot show Duo's prompt.",
		SetupText:    "Point the Administrator, a command line tool or a script at this server.",
		ConsoleText:  "Users, sessions, the audit trail and the health of this server.",
		SessionsLink: "Your sessions", DevicesLink: "Your devices", CodeLink: "Get a sign-in code",
		SetupLink: "Set up a client", ConsoleLink: "Open the administration console",
		SessionsOne: "live session", SessionsN: "live sessions",
		AddedTitle: "A device was added to your account", AddedFrom: "from",
		NotMine: "If it was you, there is nothing to do. If not, somebody else can sign in as you: end your other sessions, and tell",
	},

	Sessions: PortalSessions{
		Title: "Your sessions",
		Lead:  "Each line is one place where you are signed in. What you end stops at once.",
		Table: "Your sessions",
		What:  "Session", From: "From", SignedIn: "Signed in", LastActive: "Last active", Ends: "Ends at the latest", Proved: "Confirmed with",
		This: "This browser", API: "Client", Page: "Portal", Console: "Administration console", Token: "Program with token",
		End: "End", EndLabel: "End the session from", EndOthers: "End all other sessions",
		OthersTitle:        "Something you do not know?",
		EndOthersHelp:      "Ends everything in the list but this browser. If you did not start one of them, change your password, too, and tell your administrator.",
		NoOthers:           "This is your only session.",
		UnknownAgent:       "Unknown program",
		MirthAdministrator: "Mirth Administrator",
		On:                 "on",
	},

	Devices: PortalDevices{
		Title: "Your devices",
		Lead:  "These are the devices with which Duo lets you confirm a sign-in.",
		List:  "Devices that Duo knows",
		Phone: "Phone", Tablet: "Phone or tablet without a number", Token: "Hardware token", Key: "Security key",
		Ending: "number ending in", Serial: "Serial number", Model: "Model", Platform: "System", LastSeen: "Last used",
		Kind: "Kind", PhoneNumber: "Number", Can: "What it can do",
		Push: "Duo Push", Passcode: "Passcodes", SMS: "SMS", Call: "Phone call",
		Active: "Ready", Waiting: "Not set up yet",
		NoneTitle:       "Duo knows no device of yours",
		None:            "Without one you cannot confirm a sign-in.",
		NotOfferedTitle: "Your devices cannot be shown here",
		NotOffered:      "This server has no access to Duo's administration. In Duo's own prompt you can see them under “Other options”, where your organisation allows it; otherwise ask",
		UnknownTitle:    "Duo does not know you",
		Unknown:         "There is nobody with your name at Duo. To be enrolled, ask",
		Unavailable:     "Duo did not answer. Nothing is wrong with your devices; load this page again in a minute.",
		Bypass:          "Duo lets you in without asking, because an administrator has set it so.",
		LockedOut:       "Duo has locked you out after too many refused attempts. To be unlocked, ask",
		Disabled:        "Duo keeps you out, because an administrator has set it so. Ask",

		Add: "Add a device", AddTitle: "Add a device",
		AddLead: "Have the device in your hand, with the app Duo Mobile on it from its app store.",
		Name:    "What you call it (optional)", NameHelp: "For example: spare phone.",
		Number: "Phone number (optional)", NumberHelp: "With its country code, such as +44 20 7946 0000. Without a number it can do pushes and passcodes, but no calls and messages.",
		AddButton:    "Show the code to scan",
		ConfirmTitle: "Confirm that it is you",
		ConfirmLead:  "Before you add a device, Duo asks you once more on one that you have.",
		ConfirmWhy:   "Whoever adds a device can sign in as you with it. Your last confirmation is more than ten minutes old, or was none.",
		Confirm:      "Confirm with Duo",
		Off:          "Devices are not added here. To have one added, ask",

		NewTitle: "Set up your device",
		NewLead:  "The device is known to Duo now. It works as soon as it has scanned this code.",
		Step1:    "Open Duo Mobile on the device.",
		Step2:    "Choose Add, then Use QR code.",
		Step3:    "Point its camera at this code.",
		QR:       "Code that sets up Duo Mobile",
		Link:     "No camera?", LinkHelp: "Open this link on the device itself.", LinkLabel: "Link for the device",
		EndsAt: "The code works until", StillWaiting: "Waiting for the device.",
		Check:     "I have scanned it",
		DoneTitle: "Your device is ready", Done: "From now on you can confirm a sign-in with it. Keep your old one until you have tried it.",
		LapsedTitle: "There is no device to set up here", Lapsed: "The code was used, has expired, or was made in another browser. Make a new one if the device is not ready yet.",
		ToDevices:    "To your devices",
		SecretStrong: "Show this code to nobody.", Secret: "Whoever scans it first can confirm sign-ins as you.",

		NumberBad:    "That is not a phone number with its country code. Write it like +44 20 7946 0000, or leave it out.",
		NameBad:      "That name cannot be used. Choose a shorter one, on one line.",
		Taken:        "That phone belongs to somebody else at Duo. Leave the number out, or ask your administrator.",
		AlreadySetUp: "That phone is set up already. To move Duo Mobile to a new phone with the same number, ask your administrator.",
		Enough:       "You have as many devices as you can add yourself. Ask your administrator to remove one that you no longer use.",
	},

	Code: PortalCode{
		Title: "Sign-in code",
		Lead:  "For a client that cannot open Duo's prompt: the Administrator, a command line tool, a script that runs once.",
		Steps: "How it works",
		Step1: "You confirm with Duo.",
		Step2: "This page shows a code.",
		Step3: "Within two minutes you type it in the client, in place of your password. It works once.",
		Get:   "Confirm and get a code", GetPassword: "Get a code",
		PasswordNote: "The server signs in at the engine for your client, and so needs your password once more.",
		NotAllowed:   "Sign-in codes are switched off for your account or for the network that you are in.",

		ShownTitle:   "Your sign-in code",
		ShownLead:    "Duo has confirmed you. Sign in to your client now, with your username and this code as the password.",
		Label:        "Sign-in code",
		Help:         "It works once, and only for a short time. This page does not show it again.",
		Copy:         "Copy code",
		Facts:        "About this code",
		User:         "User",
		Ends:         "Ends",
		SecretStrong: "Never give this code to anyone.",
		Secret:       "Nobody needs it but your own client: whoever has it can sign in as you.",
		AnotherLink:  "Get another code",
		HowTo:        "How to set up your client",
	},

	Factors: PortalFactors{
		Push: "Duo Push", Passcode: "Passcode", Bypass: "Bypass code", SMS: "Passcode by SMS", Call: "Phone call", Hardware: "Hardware token",
		Key: "Security key", Biometric: "Biometrics of this device",
		Remembered: "Remembered device", Network: "Trusted network", BypassUser: "Not asked: bypass", BreakGlass: "Emergency code",
		Other: "Second factor", None: "No second factor",
	},

	Notices: PortalNotices{
		SignedOut:    "You are signed out.",
		SessionEnded: "The session has ended.",
		SessionGone:  "That session had ended already.",
		OthersEnded:  "All your other sessions have ended.",
		NoOthers:     "There was no other session to end.",
		Confirmed:    "Thank you: Duo has confirmed you.",
		NotConfirmed: "Duo did not confirm you: it was cancelled, denied or not answered in time. Nothing was changed.",
		NotAsked:     "Duo let you in without asking, for example because it remembers this browser. That is not enough here: in another browser, or in a private window, it asks.",
		NoConsole:    "You are signed in, but the administration console is not open to you.",
	},

	Setup: englishSetup,
}
