package portal

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/helpdesk"
	"mfaserver/internal/secret"
	"mfaserver/internal/selfservice"
	"mfaserver/web/browser"
)

// addPage is the form for a new device.
type addPage struct {
	base

	Name, Number       string
	BadName, BadNumber bool
}

// newPage is a device that waits to be set up.
type newPage struct {
	base

	// Waiting shows the code; Done says that the device is ready; with neither
	// there is nothing to set up.
	Waiting, Done bool
	Scan          string
	Link          browser.Copyable
	Expires       time.Time
}

// addForm asks for a device, or for a fresh approval first.
func (p *Portal) addForm(v *visit) {
	account, err := p.ofDuo(v)
	if err != nil && !errors.Is(err, selfservice.ErrUnknown) {
		seeOther(v.w, pathDevices) // which says what is the matter
		return
	}
	switch p.mayAdd(v, account, getLeeway) {
	case addNow:
		p.show(v, http.StatusOK, "add-device", &addPage{base: base{Frame: browser.Frame{Title: p.text.Devices.AddTitle}}})
	case addConfirmed:
		p.confirmFirst(v, http.StatusOK, "add", "")
	default:
		seeOther(v.w, pathDevices)
	}
}

// addDevice makes the device, and leads to the page with its code.
func (p *Portal) addDevice(v *visit) {
	form, ok := p.posted(v, "name", "number")
	if !ok {
		return
	}
	account, err := p.ofDuo(v)
	if err != nil && !errors.Is(err, selfservice.ErrUnknown) {
		seeOther(v.w, pathDevices)
		return
	}
	switch p.mayAdd(v, account, postLeeway) {
	case addNow:
	case addConfirmed:
		p.confirmFirst(v, http.StatusForbidden, "add", "")
		return
	default:
		seeOther(v.w, pathDevices)
		return
	}
	patience(v.w, 0)
	c := p.client(v)
	added, err := p.deps.Devices.Add(v.r.Context(), selfservice.Request{
		Actor: helpdesk.Actor{
			Name: v.session.Username, Source: c.Addr, UserAgent: c.UserAgent, RequestID: c.RequestID, Session: v.session.Key.Handle(),
		},
		Proof: proofWord(v), Number: strings.TrimSpace(form["number"]), Name: strings.TrimSpace(form["name"]),
	})
	if err != nil {
		p.notAdded(v, form, err)
		return
	}
	keepDevice(v, added)
	seeOther(v.w, pathNew)
}

// proofWord is how whoever visits proved himself, for the trail.
func proofWord(v *visit) string {
	if v.session.ApprovedAt.IsZero() || v.session.Factor == "" {
		return "inline enrolment"
	}
	return v.session.Factor
}

// notAdded shows the form again, with why.
func (p *Portal) notAdded(v *visit, form map[string]string, cause error) {
	t := p.text.Devices
	data := addPage{base: base{Frame: browser.Frame{Title: t.AddTitle}}, Name: form["name"], Number: form["number"]}
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(cause, selfservice.ErrNumber):
		data.Problem, data.BadNumber = t.NumberBad, true
	case errors.Is(cause, selfservice.ErrName):
		data.Problem, data.BadName = t.NameBad, true
	case errors.Is(cause, selfservice.ErrTaken):
		data.Problem, data.BadNumber = t.Taken, true
	case errors.Is(cause, selfservice.ErrActive):
		data.Problem, data.BadNumber = t.AlreadySetUp, true
	case errors.Is(cause, selfservice.ErrEnough):
		data.Problem = t.Enough
	default:
		p.logDuo(v, cause)
		data.Problem, status = t.Unavailable, http.StatusServiceUnavailable
	}
	p.show(v, status, "add-device", &data)
}

// newDevice shows the code that sets a device up, until it is.
func (p *Portal) newDevice(v *visit) {
	t := p.text.Devices
	waiting, ok := p.waitingDevice(v)
	if !ok {
		forgetDevice(v.w, v.r)
		p.show(v, http.StatusOK, "new-device", &newPage{base: base{Frame: browser.Frame{Title: t.LapsedTitle}}})
		return
	}
	if p.isSetUp(v, waiting.id) {
		forgetDevice(v.w, v.r)
		p.show(v, http.StatusOK, "new-device", &newPage{base: base{Frame: browser.Frame{Title: t.DoneTitle}}, Done: true})
		return
	}
	p.show(v, http.StatusOK, "new-device", &newPage{
		base:    base{Frame: browser.Frame{Title: t.NewTitle, Poll: pathNewState}},
		Waiting: true, Scan: waiting.scan.Reveal(), Expires: waiting.expires,
		Link: browser.Copyable{ID: "device-link", Label: t.LinkLabel, Value: waiting.link.Reveal(), Rows: 2},
	})
}

// newDeviceState tells the page with the code whether there is anything new.
func (p *Portal) newDeviceState(v *visit) {
	waiting, ok := p.waitingDevice(v)
	if ok && !p.isSetUp(v, waiting.id) {
		v.w.WriteHeader(http.StatusNoContent)
		return
	}
	v.w.Header().Set("Content-Length", "0")
	v.w.WriteHeader(http.StatusOK)
}

// isSetUp asks Duo whether one of the user's own devices has been set up.
func (p *Portal) isSetUp(v *visit, id string) bool {
	account, err := p.ofDuo(v)
	if err != nil {
		p.logDuo(v, err)
		return false
	}
	d, _ := account.Device(id)
	return d.App
}

// cookieDevice keeps the code of a new device in the browser that asked for it,
// so that the page can be loaded again while the device is being set up, which
// it does by itself where there are no scripts; the server keeps none (threat
// T160). It counts in the session that asked alone, and is gone when the device
// is ready, when its user signs out, and when the code has expired.
const (
	cookieDevice    = "__Host-mfa_device"
	maxCookieDevice = 3 << 10
)

// waitingDevice is what the cookie holds.
type waitingDevice struct {
	id         string
	link, scan secret.Secret
	expires    time.Time
}

func keepDevice(v *visit, a *selfservice.Added) {
	parts := []string{v.session.Key.Handle(), a.DeviceID, a.Link.Reveal(), a.Scan.Reveal(), strconv.FormatInt(a.Expires.Unix(), 10)}
	for i := range parts {
		parts[i] = base64.RawURLEncoding.EncodeToString([]byte(parts[i]))
	}
	browser.SetCookie(v.w, cookieDevice, strings.Join(parts, "."), int(selfservice.LinkLife/time.Second))
}

// waitingDevice reads the cookie. It counts for the session that got it alone,
// and until the code expires.
func (p *Portal) waitingDevice(v *visit) (waitingDevice, bool) {
	parts := strings.Split(browser.LongCookieValue(v.r, cookieDevice, maxCookieDevice), ".")
	const fields = 5
	if len(parts) != fields {
		return waitingDevice{}, false
	}
	for i := range parts {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return waitingDevice{}, false
		}
		parts[i] = string(b)
	}
	seconds, err := strconv.ParseInt(parts[4], 10, 64)
	d := waitingDevice{id: parts[1], link: secret.New(parts[2]), scan: secret.New(parts[3]), expires: time.Unix(seconds, 0)}
	if err != nil || parts[0] != v.session.Key.Handle() || !p.cfg.Now().Before(d.expires) || !strings.HasPrefix(parts[2], "https://") {
		return waitingDevice{}, false
	}
	return d, true
}

func forgetDevice(w http.ResponseWriter, r *http.Request) {
	if len(r.CookiesNamed(cookieDevice)) > 0 {
		browser.SetCookie(w, cookieDevice, "", -1)
	}
}
