package portal

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"mfaserver/internal/primary"
	"mfaserver/internal/selfservice"
	"mfaserver/web/browser"
)

// devicesPage is what Duo has of whoever visits.
type devicesPage struct {
	base

	List []deviceRow
	// Empty is there in place of a list.
	Empty *browser.Empty
	// Warning is what keeps him from using any of them.
	Warning string
	// Add: a device can be added here; else AskToAdd says whom to ask.
	Add      bool
	AskToAdd string
}

// deviceRow is one device as its owner reads it.
type deviceRow struct {
	Name, Icon string
	State      browser.Badge
	Facts      browser.Facts
	Can        []string
}

func (p *Portal) devices(v *visit) {
	t := p.text.Devices
	data := devicesPage{base: base{Frame: browser.Frame{Title: t.Title}}}
	account, err := p.ofDuo(v)
	status := http.StatusOK
	switch {
	case errors.Is(err, selfservice.ErrNotOffered):
		data.Empty = &browser.Empty{Title: t.NotOfferedTitle, Text: p.ask(t.NotOffered)}
	case errors.Is(err, selfservice.ErrUnknown):
		data.Empty = &browser.Empty{Title: t.UnknownTitle, Text: p.ask(t.Unknown)}
	case err != nil:
		p.logDuo(v, err)
		data.Problem, status = t.Unavailable, http.StatusServiceUnavailable
		v.w.Header().Set("Retry-After", "60")
	default:
		p.fillDevices(&data, account)
	}
	data.Add = p.mayAdd(v, account, getLeeway) != addNever && (err == nil || errors.Is(err, selfservice.ErrUnknown))
	if !data.Add && err == nil {
		data.AskToAdd = p.ask(t.Off)
	}
	p.show(v, status, "devices", &data)
}

// ofDuo asks Duo about whoever visits.
func (p *Portal) ofDuo(v *visit) (*selfservice.Account, error) {
	if p.deps.Devices == nil {
		return nil, selfservice.ErrNotOffered
	}
	return p.deps.Devices.Account(v.r.Context(), v.session.Username)
}

func (p *Portal) logDuo(v *visit, err error) {
	p.log.WarnContext(v.r.Context(), "own devices cannot be read", "request_id", p.cfg.Client(v.r).RequestID, "err", err)
}

func (p *Portal) fillDevices(data *devicesPage, a *selfservice.Account) {
	t := p.text.Devices
	for i := range a.Devices {
		data.List = append(data.List, p.deviceRow(&a.Devices[i]))
	}
	if len(data.List) == 0 {
		data.Empty = &browser.Empty{Title: t.NoneTitle, Text: t.None}
	}
	switch a.Status {
	case "bypass":
		data.Warning = t.Bypass
	case "locked out":
		data.Warning = p.ask(t.LockedOut)
	case "disabled":
		data.Warning = p.ask(t.Disabled)
	}
}

func (p *Portal) deviceRow(d *selfservice.Device) deviceRow {
	t := p.text.Devices
	kind, icon := t.Phone, "device"
	switch d.Kind {
	case selfservice.Phone:
	case selfservice.Tablet:
		kind = t.Tablet
	case selfservice.HardwareToken:
		kind, icon = t.Token, "token"
	case selfservice.SecurityKey:
		kind, icon = t.Key, "key"
	}
	row := deviceRow{Name: d.Name, Icon: icon, State: browser.Badge{Kind: browser.Good, Text: t.Active}}
	if row.Name == "" {
		row.Name = kind
		if d.Number != "" {
			row.Name += ", " + t.Ending + " " + d.Number
		}
	}
	if !d.Active {
		row.State = browser.Badge{Kind: browser.Warn, Text: t.Waiting}
	}
	for _, f := range []browser.Fact{
		{Label: t.Kind, Value: kind},
		{Label: t.PhoneNumber, Value: masked(d.Number)},
		{Label: t.Model, Value: d.Model},
		{Label: t.Platform, Value: d.Platform},
		{Label: t.Serial, Value: d.Serial},
		{Label: t.LastSeen, Time: d.LastSeen},
	} {
		if f.Value != "" || !f.Time.IsZero() {
			row.Facts.List = append(row.Facts.List, f)
		}
	}
	for _, c := range []struct {
		can   bool
		words string
	}{{d.Push, t.Push}, {d.Passcode, t.Passcode}, {d.SMS, t.SMS}, {d.Call, t.Call}} {
		if c.can {
			row.Can = append(row.Can, c.words)
		}
	}
	row.Facts.Label = row.Name
	return row
}

// masked is a number of which the last digits are known.
func masked(last string) string {
	if last == "" {
		return ""
	}
	return strings.Repeat("•", 4) + " " + last //nolint:mnd // as many as are shown
}

// How old an approval may be when a device is added: for the form, and for what
// it posts.
const (
	getLeeway  = 8 * time.Minute
	postLeeway = 10 * time.Minute
)

// adding is whether somebody may add a device.
type adding int

const (
	addNever adding = iota
	addConfirmed
	addNow
)

// mayAdd: whoever proved a second factor a moment ago may add another, and so
// may somebody who has none, while the rule for enrolling in a sign-in lets him
// (threat T042). Everybody else confirms first.
func (p *Portal) mayAdd(v *visit, account *selfservice.Account, leeway time.Duration) adding {
	if p.deps.Devices == nil || !p.deps.Devices.Offered() || p.cfg.NoSelfService {
		return addNever
	}
	age := p.cfg.Now().Sub(v.session.ApprovedAt)
	switch {
	case !v.session.ApprovedAt.IsZero() && age >= 0 && age <= leeway:
		return addNow
	case (account == nil || !account.Enrolled) && p.enrolsInline(v):
		return addNow
	default:
		return addConfirmed
	}
}

// enrolsInline asks the rule for those who have no device.
func (p *Portal) enrolsInline(v *visit) bool {
	if p.cfg.AllowEnrolment == nil {
		return false
	}
	u := primary.User{ID: v.session.UserID, Username: v.session.Username}
	if p.deps.Directory != nil {
		known, err := p.deps.Directory.Get(v.r.Context(), v.session.Username)
		if err != nil {
			return false
		}
		u = known
	}
	return p.cfg.AllowEnrolment(u, p.cfg.Now())
}
