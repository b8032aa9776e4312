package duotest

// words are all that people read on the simulator's pages; the templates hold
// none. Names in braces are filled in.
type words struct {
	Language, Brand, Badge, Footer string

	// The prompt.
	Who, WhoBrowser                              string
	PushTitle, CallTitle, KeyTitle, ProveTitle   string
	PushLead, CallLead, KeyLead, ProveLead       string
	Verify                                       string
	Over                                         string
	Waiting, Answered, AnswerThere, PhonePage    string
	Devices, TextOnly, NewPage                   string
	Push, PushAgain, PushRetry, Call, SMS        string
	Remember                                     string
	Options, Passcode, PasscodeHint, Submit      string
	Bypass, BypassHint, Key, KeyHint, Cancel     string
	Help                                         string
	Shows, ShowsText, PhoneSide, KeySide         string
	Touch, TouchHint                             string
	EnrollTitle, EnrollLead, Number, NumberHint  string
	AddPhone, Scan, ScanLead, ScanHere, ScanSide string
	ScanDone, Or, QR, BypassInstead              string
	BlockedTitle                                 string

	// The virtual phone.
	App, Ask, AskCall, AskType, TellCode string
	CodeLabel, Deny, Approve, Fraud      string
	HangUp, PressKey                     string
	FactApplication, FactUser, FactFrom  string
	FactWhen                             string
	AllPhones, Nothing, Look             string
	Phones, NoPhones, NotActivated       string
	Activate, History, NoHistory         string
	HistoryLine, HistoryCall             string
	Remembered, Forget, Seen             string
	PhonesTitle, PhonesOf                string
	Find, Search, People, Nobody, More   string
	RowWaiting, RowPhone, RowPhones      string
	Others                               string

	// Links.
	ActivateTitle, ActivateLead, ActivateNew string
	ActivateButton                           string
	PortalTitle, PortalLead                  string
}

// english are the pages' words.
func english() *words {
	return &words{
		Language: "en",
		Brand:    "Duo",
		Badge:    "Simulated Duo: for trying and testing",
		Footer:   "No real phone is asked and no text message is sent.",

		Who:           "{username} is signing in to {application} from {from}.",
		WhoBrowser:    "{username} is signing in to {application} from {from} ({browser}).",
		PushTitle:     "Check for a push",
		PushLead:      "Prove that it is you: approve the request on your phone.",
		CallTitle:     "Answer the call",
		CallLead:      "Prove that it is you: take the call and press a key.",
		KeyTitle:      "Use your security key",
		KeyLead:       "Prove that it is you: touch the key that you have registered.",
		ProveTitle:    "Is it you?",
		ProveLead:     "Prove it with one of your devices.",
		Verify:        "Enter this code on the phone",
		Over:          "This sign-in waited too long. Go back to the application and start again.",
		Waiting:       "Waiting for {device}",
		Answered:      "I have answered, go on",
		AnswerThere:   "The phone has a page of its own as well:",
		PhonePage:     "open it in a new window",
		Devices:       "Your devices",
		TextOnly:      "calls and text messages only",
		Push:          "Send a push",
		PushAgain:     "Send the push again",
		PushRetry:     "Try again: send a push",
		Call:          "Call me",
		SMS:           "Text me passcodes",
		Remember:      "Remember this browser for {days} days",
		Options:       "Other options",
		Passcode:      "Passcode",
		PasscodeHint:  "From the app, a text message or a hardware token.",
		Submit:        "Verify",
		Bypass:        "Bypass code",
		BypassHint:    "From your help desk.",
		Key:           "Security key",
		KeyHint:       "Registered: {names}.",
		Cancel:        "Cancel and return to the application",
		Help:          "Need help?",
		Shows:         "{device} shows {passcode}",
		ShowsText:     "{device} got {passcode} by text message",
		PhoneSide:     "Virtual phone",
		KeySide:       "Virtual security key",
		Touch:         "Touch {key}",
		TouchHint:     "This button stands for touching a real key. Nothing is signed.",
		EnrollTitle:   "Add a phone",
		EnrollLead:    "You have no device yet. Add a phone to protect your account; you are signed in as soon as it is there.",
		Number:        "Telephone number",
		NumberHint:    "Any number will do, such as +1 734 555 0100.",
		AddPhone:      "Add phone",
		Scan:          "Scan the code",
		ScanLead:      "Scan this code with your phone",
		ScanHere:      "Its camera sees the code on this page.",
		ScanSide:      "Virtual phone: camera",
		ScanDone:      "I have scanned it, go on",
		Or:            "Or give a telephone number",
		QR:            "QR code with the link {link}",
		BypassInstead: "Or use a bypass code",
		BlockedTitle:  "You cannot sign in",

		App:             "Duo Mobile, simulated",
		Ask:             "Are you signing in to {application} as {username}?",
		AskCall:         "A call: press a key to sign in to {application} as {username}.",
		AskType:         "{type} request: are you signing in to {application} as {username}?",
		TellCode:        "{type} request from {application}. Your help desk tells you this code:",
		CodeLabel:       "Code on the other screen",
		Deny:            "Deny",
		Approve:         "Approve",
		Fraud:           "Deny and report fraud",
		HangUp:          "Hang up",
		PressKey:        "Press a key",
		FactApplication: "Application",
		FactUser:        "User",
		FactFrom:        "From",
		FactWhen:        "At",
		AllPhones:       "All phones",
		Nothing:         "Nothing is waiting.",
		Look:            "Look again",
		Phones:          "Phones",
		NoPhones:        "None.",
		NotActivated:    "text messages only",
		Activate:        "Activate it",
		History:         "History",
		NoHistory:       "Nothing yet.",
		HistoryLine:     "{type} for {application}",
		HistoryCall:     "Call for {application}",
		Remembered:      "Remembered browsers: {count}",
		Forget:          "Forget them",
		Seen:            "A request is waiting.",
		PhonesTitle:     "Virtual phones",
		PhonesOf:        "Phones of {name}",
		Find:            "Find a user",
		Search:          "Find",
		People:          "Users",
		Nobody:          "Nobody.",
		More:            "And {count} more: look for a name.",
		RowWaiting:      "{count} waiting",
		RowPhone:        "1 phone",
		RowPhones:       "{count} phones",
		Others:          "Other accounts",

		ActivateTitle:  "Activate a phone",
		ActivateLead:   "Open this link on the phone, or scan it. Here a virtual phone does both with one button: {device}",
		ActivateNew:    "a new phone of {name}",
		ActivateButton: "Activate this phone",
		PortalTitle:    "Add a phone",
		PortalLead:     "Add a phone for {person}.",
	}
}

// What happened, as the prompt and the phone tell it.
const (
	sayPushed      = "Pushed a login request to your device..."
	sayCalling     = "Calling your phone..."
	saySent        = "New passcodes were sent by text message."
	sayUndelivered = "The push could not be delivered."
	sayNoPush      = "That device takes no push."
	sayNoCall      = "That device cannot be called."
	sayNoText      = "That device takes no text messages."
	sayNoneWaits   = "No push is waiting for an answer."
	sayDenied      = "Login request denied."
	sayTimeout     = "Login timed out: the request was not answered. Send it again, or choose another way."
	sayFraud       = "Login request denied and reported as fraud."
	sayPasscode    = "Incorrect passcode. Please try again."
	sayNoPasscode  = "Type a passcode first."
	sayBypass      = "Incorrect bypass code. Please try again."
	sayNoBypass    = "Type a bypass code first."
	sayNumber      = "That is not a telephone number. Write it like +1 734 555 0100."
	sayTouch       = "Waiting for a touch of your security key..."
	sayNoTouch     = "That is none of your security keys."
	sayWrongCode   = "That is not the code that the application shows."
	sayGone        = "That request does not wait any more."
	sayNoAnswer    = "That is no answer."
	sayNoScan      = "The code was not scanned yet."
	sayNoCode      = "That is too long for a QR code."
)

// notice is a page with nothing but a few words.
type notice struct{ Title, Text string }

func noticeOver() notice {
	return notice{"This sign-in is over", "It was answered already, or it waited too long. Go back to the application and start again."}
}

func noticeFull() notice { return notice{"Too many sign-ins are waiting", "Try again later."} }

func noticeRefused(why string) notice { return notice{"This request cannot be used", why} }

func noticeForeign() notice { return notice{"Not from another site", ""} }

func noticeNobody() notice { return notice{"No such user", "Nobody here has that name."} }

func noticeInstall() notice {
	return notice{"Nothing to install", "A virtual phone runs the simulated app already. Open the activation link."}
}

func noticeActivated(device string) notice {
	return notice{"The phone is activated", device + " takes pushes now."}
}

func noticeAdded(device string) notice {
	return notice{"The phone is added", device + " takes pushes now."}
}

func noticeLinkUsed() notice {
	return notice{"This link is over", "It was used already, or replaced by a newer one, or it is too old."}
}

func noticeLinkOver() notice { return notice{"This link is over", "Start again from the application."} }

func noticeCode() notice { return notice{"No code", sayNoCode} }

// blockedTexts are for people who cannot go on, by reason.
var blockedTexts = map[string]string{
	"user_disabled":        "Your account is disabled. Ask your administrator for help.",
	"locked_out":           "Your account is locked out after too many failed attempts. Ask your administrator for help.",
	"deny_unenrolled_user": "You have no device here, and your organisation does not let you add one now.",
}

const blockedOtherwise = "This sign-in cannot go on. Start again from the application."

// outcome is what the history calls an answer.
func outcome(a Answer) string {
	return map[Answer]string{
		AnswerApprove: "approved", AnswerDeny: "denied", AnswerFraud: "reported as fraud",
		AnswerTimeout: "not answered", AnswerCancelled: "cancelled",
	}[a]
}
