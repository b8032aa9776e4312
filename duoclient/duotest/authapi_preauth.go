package duotest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// offer is a verified push that preauth offered.
type offer struct {
	userID, code string
	expires      time.Time
}

// portal is an open link to the page where an unknown user adds a phone.
type portal struct {
	username, key string
	expires       time.Time
	invited       *activation // the code to scan; nil until the page was open
}

// portalLife is how long such a link is good.
const portalLife = 10 * time.Minute

// authPreauth is POST /auth/v2/preauth.
func (s *Server) authPreauth(c *apiCall) (any, error) {
	u, err := c.subject()
	if err != nil {
		return nil, err
	}
	verified, err := c.flag("client_supports_verified_push", false)
	if err != nil {
		return nil, err
	}
	prompt, err := c.flag("text_prompt", false)
	if err != nil {
		return nil, err
	}
	name := c.subjectName(u)
	st, reason := s.preauth(c.account, c.integration.Key, name)
	if st == standingAuth && c.account.trusts(c.text("trusted_device_token"), u, c.now) {
		st, reason = standingAllow, "remembered_device"
	}
	out := fields{"result": string(st)}
	switch st {
	case standingAuth:
		out["status_msg"], out["devices"] = "Account is active", c.account.authDevices(u)
		if verified {
			s.offerVerified(c, u, out)
		}
	case standingAllow:
		out["status_msg"] = map[string]string{
			"bypass_user": "Account is in bypass", "remembered_device": "Trusted device",
		}[reason]
		if out["status_msg"] == "" {
			out["status_msg"] = "Enrollment is not required"
		}
	case standingDeny:
		out["status_msg"] = blockedTexts[reason]
	case standingEnroll:
		out["status_msg"] = "Enroll an authentication device to proceed"
		out["enroll_portal_url"] = c.portal(name)
	}
	if prompt && (st == standingAuth || st == standingEnroll) {
		out["prompt"] = c.textPrompt(out, u)
	}
	return out, nil
}

// portal makes a link for a user without a device.
func (c *apiCall) portal(name string) string {
	prune(c.account.portals, func(p portal) bool { return !c.now.Before(p.expires) })
	code := strings.ToLower(randomText("0123456789ABCDEF", 16))
	c.account.portals[code] = portal{username: name, key: c.integration.Key, expires: c.now.Add(portalLife)}
	return "https://" + c.account.apiHost + "/portal?code=" + code + "&akey=" + c.account.id
}

// offerVerified makes an offer where the policy asks for verified pushes.
func (s *Server) offerVerified(c *apiCall, u *user, out fields) {
	capable := slices.ContainsFunc(c.account.devices(u), func(p *phone) bool { return p.Activated })
	if s.config.VerifiedPush == 0 || !capable {
		return
	}
	prune(c.account.offers, func(o offer) bool { return !c.now.Before(o.expires) })
	id, o := newUUID(), offer{u.id, randomText(digits, s.config.VerifiedPush), c.now.Add(pushLife)}
	c.account.offers[id] = o
	out["txid"], out["verification_code"], out["expiration"] = id, o.code, o.expires.Unix()
}

// authDevices are a user's phones and tokens as preauth lists them.
func (a *account) authDevices(u *user) []any {
	out := []any{}
	for _, p := range a.devices(u) {
		if !p.usable() {
			continue
		}
		device := fields{
			"device": p.ID, "type": "phone", "name": p.Name, "number": masked(p.Number), "display_name": p.displayName(),
			"capabilities": p.capabilities(),
		}
		if p.smsSent && slices.Contains(p.capabilities(), "sms") {
			device["sms_nextcode"] = p.passcode()[:1]
		}
		out = append(out, device)
	}
	for _, id := range u.tokens {
		out = append(out, fields{"device": id, "type": "token", "name": a.tokens.get(id).serial})
	}
	return out
}

// masked is XXX-XXX-0100.
func masked(number string) string {
	if len(number) < 4 {
		return ""
	}
	return "XXX-XXX-" + number[len(number)-4:]
}

// displayName is "iOS (XXX-XXX-0100)", or with the owner's word for it.
func (p *phone) displayName() string {
	name := p.Name
	if name == "" {
		name = p.Platform
		if _, short, two := strings.Cut(name, " "); two && (short == "iOS" || short == "Android") {
			name = short
		}
	}
	if p.Number == "" {
		return name
	}
	return name + " (" + masked(p.Number) + ")"
}

// textPrompt is what duo_unix shows in a terminal.
func (c *apiCall) textPrompt(out fields, u *user) fields {
	if url, ok := out["enroll_portal_url"]; ok {
		return fields{"text": fmt.Sprintf("Please enroll at %s", url)}
	}
	factors := fields{}
	var text strings.Builder
	fmt.Fprintf(&text, "Duo login for %s\n\nEnter a passcode or select one of the following options:\n\n", c.subjectName(u))
	count := 0
	add := func(word, label string) {
		count++
		if count == 1 {
			factors["default"] = word
		}
		factors[strconv.Itoa(count)] = word
		fmt.Fprintf(&text, " %d. %s\n", count, label)
	}
	for _, kind := range [][3]string{
		{"push", "push1", "Duo Push to "}, {"phone", "voice1", "Phone call to "}, {"sms", "smsrefresh1", "SMS passcodes to "},
	} {
		devices := c.account.devices(u)
		i := slices.IndexFunc(devices, func(p *phone) bool { return slices.Contains(p.capabilities(), kind[0]) })
		if i < 0 {
			continue
		}
		if kind[0] == "push" && out["txid"] != nil {
			kind[1] = "verified_push1"
		}
		add(kind[1], kind[2]+devices[i].displayName())
	}
	fmt.Fprintf(&text, "\nPasscode or option (1-%d): ", count)
	return fields{"text": text.String(), "factors": factors}
}
