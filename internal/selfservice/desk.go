package selfservice

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
)

// Errors of a [Desk].
var (
	// ErrConfig: the desk's configuration makes no sense.
	ErrConfig = errors.New("selfservice: configuration refused")
	// ErrNotOffered: there is no Admin API application that could tell.
	ErrNotOffered = errors.New("selfservice: no application of the Admin API")
	// ErrUnavailable: Duo did not answer, or not as it should.
	ErrUnavailable = errors.New("selfservice: Duo cannot be asked")
	// ErrUnknown: Duo does not know the user.
	ErrUnknown = errors.New("selfservice: not known to Duo")
	// ErrRefused: the device cannot be added; the errors below match it.
	ErrRefused = errors.New("selfservice: refused")
	// ErrNumber: the number is none, or not in international form.
	ErrNumber = fmt.Errorf("%w: not an international phone number", ErrRefused)
	// ErrName: the name of the device cannot be one.
	ErrName = fmt.Errorf("%w: not a name for a device", ErrRefused)
	// ErrTaken: the phone is somebody else's.
	ErrTaken = fmt.Errorf("%w: the phone is somebody else's", ErrRefused)
	// ErrActive: the phone is set up already.
	ErrActive = fmt.Errorf("%w: the phone is set up already", ErrRefused)
	// ErrEnough: the user has as many devices as he may add himself.
	ErrEnough = fmt.Errorf("%w: too many devices", ErrRefused)
)

const (
	// LinkLife is how long the link that sets a device up is good.
	LinkLife = 15 * time.Minute
	// mostDevices is up to how many phones and tablets people add themselves.
	mostDevices = 10
	// budget bounds one question to Duo, errand an enrolment of several.
	budget = 6 * time.Second
	errand = 20 * time.Second
	// fresh is how long an answer of Duo is good enough for the next page: a
	// page that waits for a device asks every few seconds.
	fresh = 4 * time.Second
	// mostRemembered bounds how many of them are kept.
	mostRemembered = 1000
)

// Org is where people's devices are; [helpdesk.Org] is one.
type Org interface {
	Administered() bool
	Find(ctx context.Context, s helpdesk.Subject) (*duoclient.User, error)
	Enrol(ctx context.Context, r helpdesk.EnrolRequest) (*helpdesk.Enrolment, error)
}

// Recorder is the audit trail: Record returns when the event is durable.
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// Config is what a [Desk] needs. All is required.
type Config struct {
	Org      Org
	Recorder Recorder
	// DuoUsername is Duo's name for a canonical username.
	DuoUsername func(canonical string) (string, error)
	Now         func() time.Time
}

// Desk answers people about themselves. It is safe for concurrent use.
type Desk struct {
	cfg Config

	mu     sync.Mutex
	recent map[string]answer // guarded by mu; by canonical username
}

// answer is what Duo said of a user at a time.
type answer struct {
	at      time.Time
	account *Account
	err     error
}

// New returns a Desk, or [ErrConfig].
func New(c Config) (*Desk, error) {
	if c.Org == nil || c.Recorder == nil || c.DuoUsername == nil || c.Now == nil {
		return nil, fmt.Errorf("%w: organisation, recorder, names and clock are needed", ErrConfig)
	}
	return &Desk{cfg: c, recent: make(map[string]answer)}, nil
}

// Offered reports whether Duo can be asked at all.
func (d *Desk) Offered() bool { return d.cfg.Org.Administered() }

// Account is what Duo has of the user, a few seconds old at most. Errors:
// [ErrNotOffered], [ErrUnknown], [ErrUnavailable].
func (d *Desk) Account(ctx context.Context, username string) (*Account, error) {
	if !d.Offered() {
		return nil, ErrNotOffered
	}
	if known, ok := d.remembered(username); ok {
		return known.account, known.err
	}
	return d.AccountNow(ctx, username)
}

// AccountNow is [Desk.Account] for whoever acts upon the answer: Duo is asked in
// any case.
func (d *Desk) AccountNow(ctx context.Context, username string) (*Account, error) {
	if !d.Offered() {
		return nil, ErrNotOffered
	}
	account, err := d.ask(ctx, username)
	if ctx.Err() == nil {
		d.remember(username, answer{at: d.cfg.Now(), account: account, err: err})
	}
	return account, err
}

func (d *Desk) ask(ctx context.Context, username string) (*Account, error) {
	name, err := d.cfg.DuoUsername(username)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	user, err := d.cfg.Org.Find(ctx, helpdesk.Subject{Username: name})
	if err != nil {
		return nil, trouble(err)
	}
	return accountOf(user), nil
}

// trouble is an error of the help desk in our words.
func trouble(err error) error {
	rule := ErrUnavailable
	switch {
	case errors.Is(err, helpdesk.ErrNoCredentials), errors.Is(err, helpdesk.ErrNoChild):
		rule = ErrNotOffered
	case errors.Is(err, duoclient.ErrNotFound):
		rule = ErrUnknown
	}
	return fmt.Errorf("%w: %w", rule, err)
}

func (d *Desk) remembered(username string) (answer, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a, ok := d.recent[username]
	age := d.cfg.Now().Sub(a.at)
	return a, ok && age >= 0 && age < fresh
}

func (d *Desk) remember(username string, a answer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.recent) >= mostRemembered {
		clear(d.recent)
	}
	d.recent[username] = a
}

func (d *Desk) forget(username string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.recent, username)
}

// Request is a device that somebody wants to add.
type Request struct {
	// Actor is the user himself; its Name is the canonical username.
	Actor helpdesk.Actor
	// Proof is how he proved who he is, for the trail.
	Proof string
	// Number is a phone's, in international form; empty for a device without.
	Number string
	// Name is what he calls the device; it may be empty.
	Name string
}

// Added is a device that waits to be set up. Whoever has the link or the code
// can take its place.
type Added struct {
	DeviceID string
	// Link is to be opened on the device, Scan to be scanned by it.
	Link, Scan secret.Secret
	Expires    time.Time
}

// Add gives the user a device and makes the link that sets it up. What is done
// is on the trail, with the user as actor and as subject, before the link is
// told: as [audit.DeviceAdded] under the canonical name too, by which others of
// his sessions learn of it. Errors: [ErrNotOffered], [ErrUnavailable], and those
// that match [ErrRefused].
func (d *Desk) Add(ctx context.Context, r Request) (*Added, error) {
	if !d.Offered() {
		return nil, ErrNotOffered
	}
	name, err := d.cfg.DuoUsername(r.Actor.Name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	account, err := d.ask(ctx, r.Actor.Name)
	switch {
	case errors.Is(err, ErrUnknown): // Duo learns of him by this
	case err != nil:
		return nil, err
	case account.count(Phone) >= mostDevices:
		return nil, ErrEnough
	}
	defer d.forget(r.Actor.Name)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), errand)
	defer cancel()
	done, err := d.cfg.Org.Enrol(ctx, helpdesk.EnrolRequest{
		Order:    helpdesk.Order{Actor: r.Actor, Reason: "own device, after " + r.Proof},
		Username: name, Phone: r.Number, PhoneName: r.Name, Deliver: helpdesk.DeliverLink, Valid: LinkLife,
	})
	switch {
	case err != nil:
		return nil, refusal(err)
	case done.ActivationURL.IsZero():
		return nil, ErrActive
	}
	if err := d.cfg.Recorder.Record(ctx, added(r, done)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	device := &Added{DeviceID: done.PhoneID, Link: done.ActivationURL, Scan: done.Scan(), Expires: done.Expires}
	if device.Scan.IsZero() {
		device.Scan = device.Link
	}
	return device, nil
}

// added is the record of a device that can be set up.
func added(r Request, done *helpdesk.Enrolment) audit.Event {
	a := r.Actor
	e := audit.Event{
		Name: audit.DeviceAdded, Outcome: audit.OK, Username: a.Name, Actor: a.Name, Source: a.Source, UserAgent: a.UserAgent,
		Session: a.Session, RequestID: a.RequestID, Detail: map[string]string{"proof": r.Proof, "phone_id": done.PhoneID},
	}
	for key, value := range map[string]string{"device": r.Name, "number": lastDigits(r.Number)} {
		if value != "" {
			e.Detail[key] = value
		}
	}
	return e
}

// refusal says which rule of the help desk was broken, or that Duo failed.
func refusal(err error) error {
	if errors.Is(err, helpdesk.ErrPhoneTaken) {
		return fmt.Errorf("%w: %w", ErrTaken, err)
	}
	if rule, ok := errors.AsType[*helpdesk.PolicyError](err); ok {
		switch rule.Field {
		case "phone":
			return fmt.Errorf("%w: %w", ErrNumber, err)
		case "phone_name":
			return fmt.Errorf("%w: %w", ErrName, err)
		}
	}
	return trouble(err)
}
