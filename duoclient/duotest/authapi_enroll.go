package duotest

import "strings"

// authEnroll is POST /auth/v2/enroll: a new user with a phone that has no
// number, and is none until it is activated.
func (s *Server) authEnroll(c *apiCall) (any, error) {
	name := c.text("username")
	if name == "" {
		name = strings.ToLower(randomText("0123456789ABCDEF", 32))
	}
	if c.account.find(name) != nil {
		return nil, errInvalid("username already exists")
	}
	valid, err := c.number("valid_secs", activationLife, 1, maxSeconds)
	if err != nil {
		return nil, err
	}
	count, err := c.number("bypass_codes", 0, 0, bypassCount)
	if err != nil {
		return nil, err
	}
	u := &user{id: newID("DU"), name: name, status: StatusActive, created: c.now}
	c.account.users.put(u.id, u)
	c.account.index(u)
	id := c.account.putPhone(Phone{Platform: "Generic Smartphone"})
	c.account.attach(u, id)
	act := c.account.invite(id, u.id, c.now, valid)
	host := c.account.apiHost
	out := fields{
		"activation_barcode": act.barcode(host), "activation_code": act.duoURI(host), "activation_url": act.link(host),
		"expiration": act.expires.Unix(), "user_id": u.id, "username": u.name,
	}
	if count > 0 {
		codes := make([]string, 0, count)
		for range count {
			codes = append(codes, randomText(digits, bypassLength))
		}
		u.setBypass(codes, c.now)
		out["bypass_codes"] = codes
	}
	return out, nil
}

// authEnrollStatus is POST /auth/v2/enroll_status, whose answer is one word.
func (s *Server) authEnrollStatus(c *apiCall) (any, error) {
	id, err := c.required("user_id")
	if err != nil {
		return nil, err
	}
	code, err := c.required("activation_code")
	if err != nil {
		return nil, err
	}
	code, _, _ = strings.Cut(strings.TrimPrefix(code, "duo://"), "-")
	act := c.account.activations[code]
	switch {
	case act == nil || act.userID != id || !c.account.users.has(id):
		return "invalid", nil
	case act.used:
		return "success", nil
	case !act.open(c.now):
		return "invalid", nil
	default:
		return "waiting", nil
	}
}
