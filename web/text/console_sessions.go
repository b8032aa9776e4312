package text

// ConsoleSessions is what the page about sessions says.
type ConsoleSessions struct {
	Title, OfUser, Search, All                string
	User, Kind, From, Begun, Last, Ends       string
	KindAPI, KindPage, KindConsole, KindToken string
	ThisOne, FailOpen, Exempt, ReadOnly       string
	End, EndOne, ToEndAll                     string
	NoneTitle, None, NoneOfUser               string
	EndedOne, GoneAlready, EndedAll           string
}

var englishConsoleSessions = ConsoleSessions{
	Title: "Sessions", OfUser: "Username", Search: "Show", All: "Show all",
	User: "User", Kind: "Kind", From: "From", Begun: "Began", Last: "Last active", Ends: "Ends",
	KindAPI: "Client", KindPage: "Portal", KindConsole: "Console", KindToken: "Service token",
	ThisOne: "this one", FailOpen: "no second factor", Exempt: "exempt", ReadOnly: "read only",
	End: "End", EndOne: "End session", ToEndAll: "End all sessions",
	NoneTitle: "No sessions", None: "Nobody is signed in.", NoneOfUser: "This user is not signed in.",
	EndedOne:    "The session has ended.",
	GoneAlready: "The session had ended already.",
	EndedAll:    "All sessions have ended.",
}
