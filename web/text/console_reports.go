package text

// ConsoleReports is what several pages of the console say.
type ConsoleReports struct {
	// Summary says which rows of how many a page shows.
	Summary                       string
	Reason, ReasonHelp, BadReason string
}

// ConsoleOverview is the first page.
type ConsoleOverview struct {
	Label, Title, Lead             string
	LoginsDay, RefusedDay          string
	LatencyNow, LatencyP95         string
	Unenrolled, OfUsers, Waiting   string
	AttentionTitle, Nothing        string
	Times, HealthOf, TrailState    string
	OfCalls, DuoFailed             string
	TokensSoon, ExemptionsSoon     string
	ExemptionsOver, ExemptionsLive string
	SpanLabel, Day, Week, Month    string
	Counted                        string
	OutcomesTitle, OutcomesDesc    string
	Allowed, Password, Refused     string
	Abandoned, Trouble             string
	FactorsTitle, FactorsDesc      string
	LatencyTitle, LatencyDesc      string
	Median, P95                    string
	PeopleTitle, PeopleDesc        string
	NotEnrolled                    string
	Plots                          string
}

// ConsoleTokens is the service tokens.
type ConsoleTokens struct {
	Label, Title, Lead              string
	Table, Name, User, Owner, Scope string
	Expires, LastUsed, State, ID    string
	Created, By, FromAddress, Ended string
	ReadWrite, ReadOnly             string
	FromNetworks                    string
	StateLive, StateSoon            string
	StateExpired, StateRevoked      string
	NoneTitle, None                 string
	OneTitle, Records, Back         string
	Revoke, RevokeTitle             string
	RevokeLead, RevokeNow, Revoked  string
	Keep                            string
	Unknown, Over                   Saying
}

// ConsoleExemptions is who signs in without a second factor.
type ConsoleExemptions struct {
	Label, Title, Lead            string
	Table, Name, Whom, Owner, Why string
	Until, Networks, Scope, State string
	Everything, Over, Soon, Open  string
	NoneTitle, None, Records      string
}

// ConsolePending is the logins that wait.
type ConsolePending struct {
	Label, Title, Lead         string
	Table, User, Since, Ends   string
	From, Client, State, Login string
	Administrator              string
	AtPrompt, Redeeming        string
	Enrolling                  string
	NoneTitle, None, Reload    string
	Cancel, CancelOf           string
	CancelTitle, CancelLead    string
	CancelNow, Keep            string
	Cancelled, Over            string
}

// ConsoleOrganizations is the Duo accounts.
type ConsoleOrganizations struct {
	Label, Title, Lead             string
	Table, Name, Kind, State       string
	Users, Administrators          string
	Applications, Credits          string
	Directory, Answered            string
	Own, Child, Sync, NoSync       string
	Reached, NotReached            string
	NotAsked, NoKeys               string
	Seen, Refresh, Asked, Asking   string
	UnclaimedTitle, UnclaimedLead  string
	UnclaimedTable, Account, AndSo string
}

// ConsoleHealth is how everything is.
type ConsoleHealth struct {
	Label, Title, Lead        string
	Good, Warning, Failure    string
	NotChecked, Seen, Took    string
	Check, Checking, Running  string
	Advice, None, Table       string
	Subject, State, What, All string
}

var englishConsoleReports = ConsoleReports{
	Summary:    "%d to %d of %d",
	Reason:     "Reason",
	ReasonHelp: "3 to 200 characters; the audit trail keeps it.",
	BadReason:  "Give a reason of 3 to 200 characters, on one line.",
}

var englishConsoleOverview = ConsoleOverview{
	Label:          "Overview",
	Title:          "Overview",
	Lead:           "Who got in, how, and what needs a look.",
	LoginsDay:      "logins in 24 hours",
	RefusedDay:     "came to nothing in 24 hours",
	LatencyNow:     "Duo answers in",
	LatencyP95:     "95 of 100 calls within %s",
	Unenrolled:     "users not enrolled",
	OfUsers:        "of %d",
	Waiting:        "logins under way",
	AttentionTitle: "What needs a look",
	Nothing:        "Nothing: all is well.",
	Times:          "%d in a week",
	HealthOf:       "Health: %s",
	TrailState:     "The audit trail",
	OfCalls:        "%d of %d calls",
	DuoFailed:      "Duo was not reached in the last quarter of an hour",
	TokensSoon:     "Service tokens that end within two weeks",
	ExemptionsSoon: "Exemptions that end within two weeks",
	ExemptionsOver: "Exemptions that are over and can be taken out of the configuration",
	ExemptionsLive: "Exemptions from the second factor",
	SpanLabel:      "Time shown",
	Day:            "24 hours",
	Week:           "7 days",
	Month:          "30 days",
	Counted:        "Logins are counted since",
	OutcomesTitle:  "Logins by outcome",
	OutcomesDesc:   "How logins ended: %s, on top of one another.",
	Allowed:        "let in",
	Password:       "password refused",
	Refused:        "second factor refused",
	Abandoned:      "not finished",
	Trouble:        "Duo or directory out of reach",
	FactorsTitle:   "Logins by second factor",
	FactorsDesc:    "What proved those who were let in: %s, on top of one another.",
	LatencyTitle:   "How long Duo takes to answer",
	LatencyDesc:    "Median and 95th percentile of the calls of the last six hours, for every five minutes.",
	Median:         "half of the calls within",
	P95:            "95 of 100 calls within",
	PeopleTitle:    "Users not enrolled",
	PeopleDesc:     "How many users have nothing to prove themselves with, by the hour.",
	NotEnrolled:    "not enrolled",
	Plots:          "Over time",
}

var englishConsoleTokens = ConsoleTokens{
	Label:        "Service tokens",
	Title:        "Service tokens",
	Lead:         "What programs sign in with that nobody can answer a prompt for. They are made at the command line, with mfaserver tokens create.",
	Table:        "Service tokens",
	Name:         "Name",
	User:         "Acts for",
	Owner:        "Owner",
	Scope:        "May",
	Expires:      "Ends",
	LastUsed:     "Last used",
	State:        "State",
	ID:           "ID",
	Created:      "Made",
	By:           "by %s",
	FromAddress:  "from %s",
	Ended:        "Ended",
	ReadWrite:    "read and write",
	ReadOnly:     "read only",
	FromNetworks: "from %s",
	StateLive:    "valid",
	StateSoon:    "ends soon",
	StateExpired: "expired",
	StateRevoked: "revoked",
	NoneTitle:    "No service tokens",
	None:         "Nobody has made one.",
	OneTitle:     "Service token %s",
	Records:      "What it did",
	Back:         "Back to the list",
	Revoke:       "Revoke",
	RevokeTitle:  "Revoke this token?",
	RevokeLead:   "The token and the sessions it opened end at once and for ever. Whatever uses it stops working.",
	RevokeNow:    "Revoke now",
	Revoked:      "The token has ended.",
	Keep:         "Keep it",
	Unknown:      Saying{Title: "There is no such token", Lead: "It was never made, or ended long ago.", Next: "Look at the list of tokens."},
	Over:         Saying{Title: "This token has ended already", Lead: "Somebody revoked it, or its time was over, since you opened the page.", Next: "There is nothing left to do. Look at the list of tokens."},
}

var englishConsoleExemptions = ConsoleExemptions{
	Label:      "Exemptions",
	Title:      "Exemptions",
	Lead:       "Who signs in without a second factor, from where and until when. They stand in the configuration file and are changed there; administrators are never exempt.",
	Table:      "Exemptions from the second factor",
	Name:       "Name",
	Whom:       "Users",
	Owner:      "Owner",
	Why:        "Reason",
	Until:      "Ends",
	Networks:   "From",
	Scope:      "For",
	State:      "State",
	Everything: "everything",
	Over:       "over",
	Soon:       "%d more days",
	Open:       "in force",
	NoneTitle:  "No exemptions",
	None:       "Everybody needs a second factor.",
	Records:    "Logins by exemption",
}

var englishConsolePending = ConsolePending{
	Label:         "Pending logins",
	Title:         "Pending logins",
	Lead:          "Logins whose password was right and that wait for Duo. They end by themselves after a few minutes.",
	Table:         "Logins that wait",
	User:          "User",
	Since:         "Began",
	Ends:          "Ends",
	From:          "From",
	Client:        "Client",
	State:         "State",
	Login:         "Records",
	Administrator: "administrator",
	AtPrompt:      "at the prompt",
	Redeeming:     "being completed",
	Enrolling:     "may enrol a device",
	NoneTitle:     "Nobody is signing in",
	None:          "No login waits at this moment.",
	Reload:        "Look again",
	Cancel:        "Cancel",
	CancelOf:      "Cancel the login of",
	CancelTitle:   "Cancel this login?",
	CancelLead:    "Whoever is at the prompt cannot finish it any more, and has to begin again. This is the login of:",
	CancelNow:     "Cancel the login",
	Keep:          "Let it go on",
	Cancelled:     "The login has been cancelled.",
	Over:          "The login had ended already.",
}

var englishConsoleOrganizations = ConsoleOrganizations{
	Label:          "Organisations",
	Title:          "Organisations",
	Lead:           "The Duo accounts of the configuration, as Duo answered last.",
	Table:          "Duo accounts",
	Name:           "Name",
	Kind:           "Account",
	State:          "State",
	Users:          "Users",
	Administrators: "Administrators",
	Applications:   "Applications",
	Credits:        "Telephony credits",
	Directory:      "Directory",
	Answered:       "Answered in",
	Own:            "keys of its own",
	Child:          "child account",
	Sync:           "synchronised",
	NoSync:         "none",
	Reached:        "reached",
	NotReached:     "not reached",
	NotAsked:       "not asked yet",
	NoKeys:         "no keys",
	Seen:           "Asked",
	Refresh:        "Ask again",
	Asked:          "Duo is being asked.",
	Asking:         "Duo is being asked. This page shows the answers as soon as they are there.",
	UnclaimedTitle: "Not in the configuration",
	UnclaimedLead:  "Child accounts that Duo has and the configuration does not. The command mfaserver duo orgs discover writes their rows.",
	UnclaimedTable: "Child accounts without an organisation",
	Account:        "Account ID",
	AndSo:          "More of them, not shown here:",
}

var englishConsoleHealth = ConsoleHealth{
	Label:      "Health",
	Title:      "Health",
	Lead:       "Everything that a sign-in needs, as it was found last. It is looked at every few minutes.",
	Good:       "good",
	Warning:    "warning",
	Failure:    "failure",
	NotChecked: "not looked at yet",
	Seen:       "Looked at",
	Took:       "Took",
	Check:      "Look again",
	Checking:   "Everything is being looked at.",
	Running:    "Everything is being looked at. This page shows the result as soon as it is there.",
	Advice:     "What to do:",
	None:       "Nothing has been looked at since the start. The first look comes by itself within a minute or so.",
	Table:      "Findings",
	Subject:    "What",
	State:      "State",
	What:       "Found",
	All:        "All together",
}

// englishAreas are the parts of the installation that findings belong to.
var englishAreas = map[string]string{
	"duo":         "Duo",
	"store":       "Store",
	"trail":       "Audit trail",
	"upstream":    "Engine behind the gateway",
	"clock":       "Clock",
	"certificate": "Certificates",
	"other":       "Everything else",
}
