package text

// ConsoleUsers is what the pages about users say.
type ConsoleUsers struct {
	Title, Match, Search, All string
	// What is known of Duo's users, and since when.
	NoSnapshot, SnapshotOf, SnapshotComing, SnapshotRunning, SnapshotFailed, Refresh, Refreshing string
	NobodyTitle, Nobody, NotFoundTitle, NotFound                                                 string

	Username, FullName, Email, Role, Account, LastLogin, PasswordSet, Created, Elsewhere string
	RoleAdmin, RoleUser                                                                  string
	StateEnabled, StateDisabled, StateOneTime                                            string

	DuoState, DuoUsername, DuoUnknown, DuoActive, DuoBypass, DuoDisabled, DuoLockedOut, DuoUnenrolled string
	// BypassEnds is when bypass ends by itself; BypassStays says that it does not.
	BypassEnds, BypassStays         string
	NoAdminAPI, NotAtDuo, DuoSilent string

	Devices, Device, DeviceState, DeviceActive, DevicePending, LastSeen, NoDevices string
	Phone, Tablet, HardwareToken, SecurityKey                                      string

	SessionCount, SessionsTitle, NoSessions, MoreSessions             string
	RecordsTitle, NoRecords, AllRecords, At, Event, Outcome, From     string
	AccountTitle, DuoTitle, DangerTitle                               string
	ToEnrol, ToBypass, ToReset, ToLock, ToUnlock, ToDisable, ToEnable string
	ToEndSessions                                                     string
	Sent, PhoneActive, ResetDone, Locked, Unlocked, Disabled, Enabled string
	Ended                                                             string
	NoSuchUser, SilentDuo                                             Saying
}

var englishConsoleUsers = ConsoleUsers{
	Title: "Users", Match: "Part of a username", Search: "Search", All: "Show all",
	NoSnapshot:      "What Duo knows of users is not shown: no application of the Admin API is configured.",
	SnapshotOf:      "What Duo says is as of",
	SnapshotComing:  "Duo is being asked for its users. Load the page again in a moment.",
	SnapshotRunning: "It is being brought up to date.",
	SnapshotFailed:  "Duo did not answer the last time it was asked.",
	Refresh:         "Ask Duo again",
	Refreshing:      "Duo is being asked for its users. Load the page again in a moment.",
	NobodyTitle:     "There are no users yet",
	Nobody:          "Add the first with the command: mfaserver users add.",
	NotFoundTitle:   "Nobody has a name like that",
	NotFound:        "A part of the username is looked for, in small or large letters.",

	Username: "Username", FullName: "Name", Email: "E-mail", Role: "Role", Account: "Account", LastLogin: "Last sign-in",
	PasswordSet: "Password set", Created: "Added", Elsewhere: "Kept by the engine",
	RoleAdmin: "Administrator", RoleUser: "User",
	StateEnabled: "enabled", StateDisabled: "disabled", StateOneTime: "one-time password",

	DuoState: "Duo", DuoUsername: "Name at Duo", DuoUnknown: "not at Duo", DuoActive: "active", DuoBypass: "bypass: not asked",
	DuoDisabled: "refused by Duo", DuoLockedOut: "locked out", DuoUnenrolled: "not enrolled",
	BypassEnds: "Bypass ends", BypassStays: "not by itself: it was not set here",
	NoAdminAPI: "Duo cannot be asked: no application of the Admin API is configured.",
	NotAtDuo:   "Duo does not know this user yet. Enrol the user to change that.",
	DuoSilent:  "Duo does not answer at the moment, so what it knows is not shown.",

	Devices: "Devices", Device: "Device", DeviceState: "State", DeviceActive: "ready", DevicePending: "not set up", LastSeen: "Last seen",
	NoDevices: "No devices.",
	Phone:     "Phone", Tablet: "Tablet", HardwareToken: "Hardware token", SecurityKey: "Security key",

	SessionCount: "Sessions", SessionsTitle: "Sessions", NoSessions: "Not signed in anywhere.", MoreSessions: "Show all sessions",
	RecordsTitle: "Last records", NoRecords: "Nothing is recorded.", AllRecords: "All records of this user",
	At: "Time", Event: "What", Outcome: "Outcome", From: "From",
	AccountTitle: "Account", DuoTitle: "At Duo", DangerTitle: "Careful",
	ToEnrol: "Enrol a device", ToBypass: "Make a bypass code", ToReset: "Take away all devices", ToLock: "Lock at Duo", ToUnlock: "Unlock at Duo",
	ToDisable: "Disable the account", ToEnable: "Enable the account", ToEndSessions: "End all sessions",
	Sent:        "The link is on its way.",
	PhoneActive: "The phone is set up already; no link was made.",
	ResetDone:   "All devices and bypass codes are gone. Enrol the user anew here, when you know who asks.",
	Locked:      "Duo refuses the user from now on.",
	Unlocked:    "Duo asks the user again from now on.",
	Disabled:    "The account is disabled, and its sessions and service tokens have ended.",
	Enabled:     "The account is enabled.",
	Ended:       "All sessions of the user have ended.",
	NoSuchUser: Saying{
		Title: "There is no such user",
		Lead:  "Nobody of this name is known here.",
		Next:  "Look in the list of users.",
	},
	SilentDuo: Saying{
		Title: "Duo does not answer",
		Lead:  "What Duo says of this user must be known first, and cannot be asked at the moment.",
		Next:  "Nothing was changed. Try again shortly.",
	},
}
