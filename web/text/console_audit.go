package text

// ConsoleAudit is the audit trail. Words with a % take values in that place.
type ConsoleAudit struct {
	Label, Title, Lead string

	// The filter.
	Filter, Apply, Clear, More, AnyEvent, AnyOutcome string
	AllOf                                            string
	User, Actor, Event, Outcome, Source              string
	TimeHelp                                         string
	From, To, Login, Session, Request                string
	BadOutcome, BadSource, BadTime, BadPlace         string
	OutcomeOK, OutcomeRefused, OutcomeError          string

	// The list.
	Table, Time, Record, Open     string
	NoneTitle, None, NoneFiltered string
	Summary                       string

	// One record.
	RecordTitle                      string
	UnknownUser, Unknown             string
	Reason, Agent, Node, Detail      string
	Chain, ChainHelp, MAC, Prev      string
	Related, ToLogin, ToUser         string
	ToActor, ToSession               string
	ToRequest, ToSource, Back        string
	NoRecord, NoLogin                Saying
	LoginTitle, Story, Records       string
	Began, Ended, Factor, Device     string
	DuoReason, Access, TxID          string
	After, Cut                       string
	StoryOpen, StoryDenied           string
	StoryCancelled, StoryExpired     string
	Export, ExportTitle, ExportLead  string
	ExportAll, Wanted                string
	Format, CSV, JSON                string
	CSVHelp, JSONHelp, Download      string
	Verify, VerifyTitle, VerifyLead  string
	VerifyNow, Verifying, Wait       string
	State, VerifiedAt, Took, Files   string
	Checkpoints, NewestTitle, Newest string
	NotVerified, VerifyFailed        string
	Whole, Broken, Faults            string
}

var englishConsoleAudit = ConsoleAudit{
	Label: "Audit trail",
	Title: "Audit trail",
	Lead:  "Everything that decided who got in, and who changed what. The newest record comes first.",

	Filter:         "Choose records",
	Apply:          "Show",
	Clear:          "Show everything",
	More:           "More ways to choose",
	AnyEvent:       "every event",
	AnyOutcome:     "every outcome",
	AllOf:          "%s: all",
	User:           "User",
	Actor:          "Done by",
	Event:          "Event",
	Outcome:        "Outcome",
	Source:         "Address",
	TimeHelp:       "In UTC",
	From:           "From",
	To:             "Until",
	Login:          "Login",
	Session:        "Session",
	Request:        "Request",
	BadOutcome:     "There is no such outcome. Choose one from the list.",
	BadSource:      "That is no address. Write one such as 192.0.2.7 or 2001:db8::7.",
	BadTime:        "That is no time. Write one such as 2026-11-22 or 2026-11-22T08:00.",
	BadPlace:       "There is no such place in the list. Begin again at its top.",
	OutcomeOK:      "ok",
	OutcomeRefused: "refused",
	OutcomeError:   "error",

	Table:        "Records of the audit trail",
	Time:         "Time",
	Record:       "Record",
	Open:         "Open record",
	NoneTitle:    "No records",
	None:         "Nothing has been recorded yet.",
	NoneFiltered: "No record is like that.",
	Summary:      "Records %d to %d",

	RecordTitle:    "Record %d",
	UnknownUser:    "Unknown name",
	Unknown:        "%d bytes, fingerprint %s",
	Reason:         "Reason",
	Agent:          "Client",
	Node:           "Server",
	Detail:         "Details",
	Chain:          "Place in the chain",
	ChainHelp:      "Each record is tied to the one before it, so that a change is noticed when the trail is verified.",
	MAC:            "This record",
	Prev:           "The one before",
	Related:        "What belongs to it",
	ToLogin:        "The whole login",
	ToUser:         "Everything about this user",
	ToActor:        "Everything done by the same",
	ToSession:      "Everything in this session",
	ToRequest:      "Everything of this request",
	ToSource:       "Everything from this address",
	Back:           "Back to the list",
	NoRecord:       Saying{Title: "There is no such record", Lead: "The trail has no record of that number.", Next: "It may be newer than the trail, or in a file that was taken away."},
	NoLogin:        Saying{Title: "There is no such login", Lead: "The trail knows no login of that name.", Next: "Open one from a record of the trail."},
	LoginTitle:     "A login of %s",
	Story:          "The login",
	Records:        "Records",
	Began:          "Began",
	Ended:          "Last record",
	Factor:         "Proved by",
	Device:         "Device",
	DuoReason:      "Duo's reason",
	Access:         "Browser's address, as Duo saw it",
	TxID:           "Duo's txid",
	After:          "After",
	Cut:            "Later records are not shown here. So many: %d",
	StoryOpen:      "nobody has come back yet",
	StoryDenied:    "called off by whoever was at the prompt",
	StoryCancelled: "cancelled by an administrator",
	StoryExpired:   "nobody came back in time",

	Export:      "Export",
	ExportTitle: "Export records",
	ExportLead:  "The file holds usernames and addresses. That you take it is recorded, with what you chose.",
	ExportAll:   "The whole audit trail is exported.",
	Wanted:      "What is exported",
	Format:      "Form of the file",
	CSV:         "Table (CSV)",
	JSON:        "JSON, a line for each record",
	CSVHelp:     "For spreadsheets. Cells that a spreadsheet would calculate begin with an apostrophe.",
	JSONHelp:    "As the trail is written, for programs; the chain stays in it.",
	Download:    "Download",

	Verify:       "Verify",
	VerifyTitle:  "Is the audit trail whole?",
	VerifyLead:   "Every record is tied to the one before it, and the chain is signed from time to time. Verifying reads all of it.",
	VerifyNow:    "Verify now",
	Verifying:    "The trail is being verified.",
	Wait:         "The trail is being read. This page shows the result as soon as it is there.",
	State:        "State",
	VerifiedAt:   "Last verified",
	Took:         "Took",
	Files:        "Files",
	Checkpoints:  "Signed checkpoints",
	NewestTitle:  "Newest checkpoint",
	Newest:       "Keep it on another host: it shows later that the trail is still the same up to there.",
	NotVerified:  "not verified since the start",
	VerifyFailed: "could not be read",
	Whole:        "whole",
	Broken:       "not as it was written",
	Faults:       "What is wrong",
}
