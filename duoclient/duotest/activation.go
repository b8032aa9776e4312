package duotest

import (
	"encoding/base64"
	"maps"
	"net/url"
	"strings"
	"time"
)

const (
	// maxSeconds is the longest valid_secs.
	maxSeconds = 10 * 365 * 24 * 60 * 60
	// activationLife is how long an activation is good when nobody says.
	activationLife = 86400

	defaultActivationText   = "To activate the Duo Mobile app, click this link: <acturl>"
	defaultInstallationText = "Welcome to Duo! To install the Duo Mobile app, click this link: <insturl>"
)

// activation is an open invitation to run the app on a phone. The link is the
// simulator's own: whoever opens it can activate the phone with a button.
type activation struct {
	code, phoneID, userID string
	expires               time.Time
	used                  bool
	// add, if any, makes a phone for a person without one in place of
	// activating phoneID.
	add    func(now time.Time) bool
	person string
}

// invite makes an activation in place of earlier ones for the phone. The caller
// holds the mutex.
func (a *account) invite(phoneID, userID string, now time.Time, valid int) *activation {
	maps.DeleteFunc(a.activations, func(_ string, old *activation) bool { return old.phoneID == phoneID && !old.used })
	prune(a.activations, func(old *activation) bool { return !now.Before(old.expires) || old.lost(a) })
	act := &activation{
		code: randomText(alphanumeric, 20), phoneID: phoneID, userID: userID,
		expires: now.Add(time.Duration(valid) * time.Second),
	}
	a.activations[act.code] = act
	return act
}

// open says whether the activation can still be used.
func (act *activation) open(now time.Time) bool { return !act.used && now.Before(act.expires) }

// complete activates the phone of an activation, once.
func (a *account) complete(code string, now time.Time) bool {
	act := a.activations[code]
	if act == nil || !act.open(now) {
		return false
	}
	if act.add != nil {
		act.used = act.add(now)
		return act.used
	}
	p := a.phones.get(act.phoneID)
	if p == nil {
		return false
	}
	act.used = true
	p.Activated, p.lastSeen = true, now
	if p.Platform == "" || p.Platform == "Unknown" {
		p.Platform = "Generic Smartphone"
	}
	return true
}

// duoURI is what the QR code holds.
func (act *activation) duoURI(host string) string {
	return "duo://" + act.code + "-" + base64.RawURLEncoding.EncodeToString([]byte(host))
}

func (act *activation) link(host string) string { return "https://" + host + "/activate/" + act.code }

func (act *activation) barcode(host string) string {
	return "https://" + host + "/frame/qr?value=" + url.QueryEscape(act.duoURI(host))
}

func installLink(host string) string { return "https://" + host + "/sim/install" }

// ActivatePhone opens an activation link or code, as the phone's app would, and
// says whether it was good.
func (s *Server) ActivatePhone(link string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := link[strings.LastIndexByte(link, '/')+1:]
	code, _, _ = strings.Cut(code, "-")
	for _, a := range append(s.children.all(), s.account) {
		if a.complete(code, s.now()) {
			return true
		}
	}
	return false
}

// activationURL is POST /admin/v1/phones/{phone_id}/activation_url.
func (s *Server) activationURL(c *apiCall, p *phone) (any, error) {
	act, install, err := c.startActivation(p)
	if err != nil {
		return nil, err
	}
	host := c.account.apiHost
	out := fields{
		"activation_barcode": act.barcode(host), "activation_url": act.link(host), "valid_secs": int(act.expires.Sub(c.now).Seconds()),
	}
	if install {
		out["installation_url"] = installLink(host)
	}
	return out, nil
}

// startActivation reads the parameters that both kinds of activation have.
func (c *apiCall) startActivation(p *phone) (act *activation, install bool, err error) {
	if p.Platform == "Unknown" || p.Type == "Landline" {
		return nil, false, errInvalid("phone_id")
	}
	valid, err := c.number("valid_secs", activationLife, 1, maxSeconds)
	if err != nil {
		return nil, false, err
	}
	if install, err = c.flag("install", false); err != nil {
		return nil, false, err
	}
	for name, placeholder := range map[string]string{"installation_msg": "<insturl>", "activation_msg": "<acturl>"} {
		if text := c.text(name); text != "" && !strings.Contains(text, placeholder) {
			return nil, false, errInvalid(name)
		}
	}
	owner := ""
	if len(p.users) > 0 {
		owner = p.users[0]
	}
	c.log("activation_begin", p.deviceName(), phoneChange(p))
	return c.account.invite(p.ID, owner, c.now, valid), install, nil
}

// filled is a text message with its link in it.
func (c *apiCall) filled(name, standard, placeholder, link string) string {
	text := c.text(name)
	if text == "" {
		text = standard
	}
	return strings.ReplaceAll(text, placeholder, link)
}

// smsActivation is POST /admin/v1/phones/{phone_id}/send_sms_activation.
func (s *Server) smsActivation(c *apiCall, p *phone) (any, error) {
	if p.Number == "" {
		return nil, errInvalid("phone_id")
	}
	act, install, err := c.startActivation(p)
	if err != nil {
		return nil, err
	}
	host := c.account.apiHost
	out := fields{
		"activation_barcode": act.barcode(host), "valid_secs": int(act.expires.Sub(c.now).Seconds()),
		"activation_msg": c.filled("activation_msg", defaultActivationText, "<acturl>", act.link(host)),
	}
	if install {
		out["installation_msg"] = c.filled("installation_msg", defaultInstallationText, "<insturl>", installLink(host))
		c.account.charge(c.now, "", "enrollment", "sms", p.Number)
	}
	c.account.charge(c.now, "", "enrollment", "sms", p.Number)
	return out, nil
}

// smsInstallation is POST /admin/v1/phones/{phone_id}/send_sms_installation.
func (s *Server) smsInstallation(c *apiCall, p *phone) (any, error) {
	if p.Number == "" || p.Platform == "Unknown" {
		return nil, errInvalid("phone_id")
	}
	if text := c.text("installation_msg"); text != "" && !strings.Contains(text, "<insturl>") {
		return nil, errInvalid("installation_msg")
	}
	c.account.charge(c.now, "", "enrollment", "sms", p.Number)
	return fields{"installation_msg": c.filled("installation_msg", defaultInstallationText, "<insturl>", installLink(c.account.apiHost))}, nil
}

// smsPasscodes is POST /admin/v1/phones/{phone_id}/send_sms_passcodes.
func (s *Server) smsPasscodes(c *apiCall, p *phone) (any, error) {
	if p.Number == "" || p.Type == "Landline" {
		return nil, errInvalid("phone_id")
	}
	p.smsSent = true
	c.account.charge(c.now, "", "administrator", "sms", p.Number)
	c.log("send_sms_passcodes", p.deviceName(), nil)
	return "", nil
}
