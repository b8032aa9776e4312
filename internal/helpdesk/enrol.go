package helpdesk

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// ErrPhoneTaken says that the phone is somebody else's. It also matches
// [ErrPolicy].
var ErrPhoneTaken = errors.New("helpdesk: the phone is somebody else's")

// Delivery is how somebody gets the link that enrols him.
type Delivery string

// The deliveries.
const (
	// DeliverNone makes no link.
	DeliverNone Delivery = "none"
	// DeliverLink gives the link to the caller, who shows it once.
	DeliverLink Delivery = "link"
	// DeliverSMS sends it to the phone.
	DeliverSMS Delivery = "sms"
	// DeliverEmail sends a link to the user's e-mail address, behind which he
	// adds a phone himself; the request names no phone then.
	DeliverEmail Delivery = "email"
)

// Bounds of the life of an activation link (threat T160).
const (
	ShortestActivation = 10 * time.Minute
	LongestActivation  = 7 * 24 * time.Hour
)

// EnrolRequest asks for a user with a phone and a link to activate it.
type EnrolRequest struct {
	Order
	Username, Realname, Email string
	// Phone is the number in international form, +17345550100; empty for a
	// tablet.
	Phone, Extension string
	// Platform is as [duoclient.PhoneParams] has it; empty: generic
	// smartphone. PhoneName is optional.
	Platform, PhoneName string
	// PhoneID is a phone that exists already, in place of Phone.
	PhoneID string
	// Shared allows a phone that others have too.
	Shared bool
	// Deliver is empty for [DeliverLink].
	Deliver Delivery
	// Install asks for a link to install Duo Mobile too.
	Install bool
	// Valid is the life of the link, in whole seconds; zero: the
	// organisation's default.
	Valid time.Duration
}

// StepName is one of the steps of an enrolment, in their order.
type StepName string

// The steps.
const (
	StepUser  StepName = "user"
	StepPhone StepName = "phone"
	StepTie   StepName = "assign"
	StepLink  StepName = "link"
)

// StepState is how far a step is.
type StepState string

// The states.
const (
	// StepDone: done now. StepFound: it was there. StepSkipped: not needed.
	StepDone    StepState = "done"
	StepFound   StepState = "found"
	StepSkipped StepState = "skipped"
	// StepFailed: refused or failed. StepOpen: not begun.
	StepFailed StepState = "failed"
	StepOpen   StepState = "open"
)

// Step is one step of an enrolment.
type Step struct {
	Name  StepName
	State StepState
	// ID is Duo's key of what was made or found.
	ID string
}

// Enrolment is how far an enrolment is. Whoever has one of its links can take
// the phone's place: they are shown once and kept nowhere.
type Enrolment struct {
	Org, UserID, Username, PhoneID string
	Steps                          []Step
	ActivationURL                  secret.Secret
	ActivationBarcode              secret.Secret // the URL of a QR code
	InstallationURL                string
	// Expires is when the link ends, by our clock; zero without one.
	Expires time.Time
}

// Scan is what a phone reads from the QR code: the value in the address of
// Duo's picture of it. Empty without one.
func (e *Enrolment) Scan() secret.Secret {
	if u, err := url.Parse(e.ActivationBarcode.Reveal()); err == nil {
		if value := u.Query().Get("value"); strings.HasPrefix(value, "duo://") {
			return secret.New(value)
		}
	}
	return secret.Secret{}
}

// EnrolError is an enrolment that did not come to its end. What is done stays
// done, and asking again continues from there.
type EnrolError struct {
	Username string
	Step     StepName
	Steps    []Step
	Err      error
}

// Error implements error.
func (e *EnrolError) Error() string {
	var done, open []string
	for _, s := range e.Steps {
		switch s.State {
		case StepOpen, StepFailed:
			open = append(open, string(s.Name))
		default:
			done = append(done, fmt.Sprintf("%s (%s)", s.Name, s.State))
		}
	}
	if done == nil {
		done = []string{"nothing"}
	}
	return fmt.Sprintf("helpdesk: enrolling %s: %s failed: %v; done: %s; open: %s; asking again continues",
		shorten(e.Username), e.Step, e.Err, strings.Join(done, ", "), strings.Join(open, ", "))
}

// Unwrap gives the cause.
func (e *EnrolError) Unwrap() error { return e.Err }

// Enrol makes the user, makes the phone, gives the phone to the user and makes
// or sends the link: what is there already is used, and nothing is done twice
// but the link. A request that breaks a rule is refused before anything is
// sent, with errors that match [ErrPolicy]. The [*EnrolError] of any other
// failure says which steps are done.
//
// A phone that is activated already gets no new link.
func (o *Org) Enrol(ctx context.Context, r EnrolRequest) (*Enrolment, error) {
	r = o.complete(r)
	if err := r.check(); err != nil {
		return nil, err
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return nil, err
	}
	e := &enroller{org: o, admin: admin, request: r, result: &Enrolment{
		Org: o.config.Name, Username: r.Username,
		Steps: []Step{{StepUser, StepOpen, ""}, {StepPhone, StepOpen, ""}, {StepTie, StepOpen, ""}, {StepLink, StepOpen, ""}},
	}}
	if r.Deliver == DeliverEmail {
		err = e.invite(ctx)
	} else {
		err = e.run(ctx)
	}
	return e.result, err
}

// complete fills in what the request leaves open.
func (o *Org) complete(r EnrolRequest) EnrolRequest {
	if r.Deliver == "" {
		r.Deliver = DeliverLink
	}
	if r.Valid == 0 {
		r.Valid = o.config.ActivationLife
	}
	r.Phone = plainNumber(r.Phone)
	return r
}

var (
	international = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	ignoredInside = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "\u00a0", "")
)

// plainNumber takes out what people put into numbers to read them.
func plainNumber(number string) string { return ignoredInside.Replace(number) }

// check validates the request, all faults at once.
func (r EnrolRequest) check() error {
	faults := []error{r.Order.check(ActionUserCreate)}
	bad := func(is bool, field, rule string) {
		if is {
			faults = append(faults, &PolicyError{Field: field, Rule: rule})
		}
	}
	mail := r.Deliver == DeliverEmail
	bad(strings.TrimSpace(r.Username) == "", "username", "is missing")
	bad(strings.TrimSpace(r.Username) != r.Username, "username", "begins or ends with a blank")
	bad(!isLine(r.Username, longestName), "username", fmt.Sprintf("must have at most %d bytes on one line", longestName))
	bad(!isLine(r.Realname, longestText), "realname", fmt.Sprintf("must have at most %d bytes on one line", longestText))
	bad(!isLine(r.PhoneName, longestName), "phone_name", fmt.Sprintf("must have at most %d bytes on one line", longestName))
	bad(!isAddress(r.Email), "email", "must be one e-mail address")
	bad(!slices.Contains(platforms(), strings.ToLower(r.Platform)), "platform", "must be one of:"+strings.Join(platforms(), ", ")[1:])
	bad(len(r.Extension) > longestExtension || strings.Trim(r.Extension, "0123456789*#,") != "", "extension",
		fmt.Sprintf("must have at most %d characters: digits, *, # and commas", longestExtension))
	bad(r.Phone != "" && !international.MatchString(r.Phone), "phone",
		"must be an international number such as +17345550100; without + Duo takes it for one of the USA")
	bad(r.Phone == "" && r.Extension != "", "extension", "needs a phone number")
	bad(r.Phone != "" && r.PhoneID != "", "phone", "and phone_id exclude each other")
	bad(mail && r.Email == "", "email", "is missing, and the link was to go there")
	bad(mail && (r.Phone != "" || r.PhoneID != ""), "phone", "cannot be named when the link goes by e-mail: the user adds it himself")
	bad(r.Deliver == DeliverSMS && r.Phone == "" && r.PhoneID == "", "phone", "is missing, and the link was to go there by SMS")
	bad(r.Valid < ShortestActivation || r.Valid > LongestActivation || r.Valid%time.Second != 0, "valid_secs",
		fmt.Sprintf("must be whole seconds, %d to %d", ShortestActivation/time.Second, LongestActivation/time.Second))
	switch r.Deliver {
	case DeliverNone, DeliverLink, DeliverSMS, DeliverEmail:
	default:
		bad(true, "deliver", "must be one of none, link, sms, email")
	}
	return errors.Join(faults...)
}

// Duo's bounds. They are checked before the first step, so that no later one is
// refused for what could have been known.
const (
	longestName      = 256
	longestText      = 1024
	longestAddress   = 254
	longestExtension = 32
)

// platforms are Duo's words, and none.
func platforms() []string {
	return []string{
		"", "unknown", "google android", "apple ios", "windows phone 7", "windows phone", "rim blackberry", "java j2me", "palm webos",
		"symbian os", "windows mobile", "generic smartphone",
	}
}

func isLine(text string, most int) bool {
	return len(text) <= most && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

func isAddress(text string) bool {
	if text == "" {
		return true
	}
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && len(text) <= longestAddress
}

func (r EnrolRequest) phoneParams() duoclient.PhoneParams {
	p := duoclient.PhoneParams{
		Number: r.Phone, Extension: r.Extension, Name: r.PhoneName, Platform: r.Platform, Type: "mobile",
	}
	if p.Platform == "" {
		p.Platform = "generic smartphone"
	}
	if p.Extension != "" {
		p.Type = "landline"
		p.Platform = r.Platform
	}
	return p
}
