package duotest

import (
	"net/http"
	"slices"
	"strings"
)

// platforms are the words of requests and of answers.
var platforms = [][2]string{ //nolint:gochecknoglobals // constant
	{"unknown", "Unknown"},
	{"google android", "Google Android"},
	{"apple ios", "Apple iOS"},
	{"windows phone 7", "Windows Phone"},
	{"windows phone", "Windows Phone"},
	{"rim blackberry", "RIM Blackberry"},
	{"java j2me", "Java J2ME"},
	{"palm webos", "Palm WebOS"},
	{"symbian os", "Symbian OS"},
	{"windows mobile", "Windows Mobile"},
	{"generic smartphone", "Generic Smartphone"},
}

func (s *Server) phoneRoutes() []apiRoute {
	const all, one = "/admin/v1/phones", "/admin/v1/phones/{phone_id}"
	return []apiRoute{
		reading(all, s.listPhones),
		writing(http.MethodPost, all, s.createPhone),
		reading(one, withPhone(s.getPhone)),
		writing(http.MethodPost, one, withPhone(s.modifyPhone)),
		writing(http.MethodDelete, one, s.deletePhone),
		writing(http.MethodPost, one+"/activation_url", withPhone(s.activationURL)),
		writing(http.MethodPost, one+"/send_sms_activation", withPhone(s.smsActivation)),
		writing(http.MethodPost, one+"/send_sms_installation", withPhone(s.smsInstallation)),
		writing(http.MethodPost, one+"/send_sms_passcodes", withPhone(s.smsPasscodes)),
	}
}

func withPhone(serve func(*apiCall, *phone) (any, error)) func(*apiCall) (any, error) {
	return func(c *apiCall) (any, error) {
		p := c.account.phones.get(c.ids["phone_id"])
		if p == nil {
			return nil, errNotFound()
		}
		return serve(c, p)
	}
}

func (s *Server) listPhones(c *apiCall) (any, error) {
	found := c.account.phones.all()
	if number := c.text("number"); number != "" {
		normal, _ := normalNumber(number)
		found = slices.DeleteFunc(found, func(p *phone) bool { return p.Number != normal })
	}
	if extension := c.text("extension"); extension != "" {
		found = slices.DeleteFunc(found, func(p *phone) bool { return p.Extension != extension })
	}
	return pageOfItems(c, found, maxPage, func(p *phone) any { return c.account.phoneObject(p) })
}

func (s *Server) getPhone(c *apiCall, p *phone) (any, error) { return c.account.phoneObject(p), nil }

func (s *Server) createPhone(c *apiCall) (any, error) {
	p := &phone{Phone: Phone{ID: newID("DP"), Type: "Unknown", Platform: "Unknown", IP: "192.0.2.10"}}
	if err := c.describePhone(p); err != nil {
		return nil, err
	}
	c.account.phones.put(p.ID, p)
	c.log("phone_create", p.deviceName(), phoneChange(p))
	return c.account.phoneObject(p), nil
}

func (s *Server) modifyPhone(c *apiCall, p *phone) (any, error) {
	changed := *p
	if err := c.describePhone(&changed); err != nil {
		return nil, err
	}
	*p = changed
	c.log("phone_update", p.deviceName(), phoneChange(p))
	return c.account.phoneObject(p), nil
}

func phoneChange(p *phone) fields {
	return fields{"phone": p.Number, "type": p.Type, "platform": p.Platform, "name": p.Name}
}

// describePhone writes the call's parameters into a copy of a phone.
func (c *apiCall) describePhone(p *phone) error {
	for name, field := range map[string]*string{
		"extension": &p.Extension, "name": &p.Name, "predelay": &p.predelay, "postdelay": &p.postdelay,
	} {
		if c.has(name) {
			*field = c.text(name)
		}
	}
	if strings.Trim(p.predelay+p.postdelay, digits) != "" {
		return errInvalid("predelay")
	}
	if c.has("number") {
		var ok bool
		if p.Number, ok = normalNumber(c.text("number")); !ok && c.text("number") != "" {
			return errInvalid("number")
		}
	}
	if c.text("type") != "" {
		kind, err := c.oneOf("type", "", "Unknown", "Mobile", "Landline")
		if err != nil {
			return err
		}
		p.Type = kind
	}
	if text := c.text("platform"); text != "" {
		i := slices.IndexFunc(platforms, func(w [2]string) bool { return strings.EqualFold(w[0], text) })
		if i < 0 {
			return errInvalid("platform")
		}
		p.Platform = platforms[i][1]
	}
	for _, other := range c.account.phones.items {
		if p.Number != "" && other.ID != p.ID && other.Number == p.Number && other.Extension == p.Extension {
			return errDuplicate()
		}
	}
	return nil
}

func (s *Server) deletePhone(c *apiCall) (any, error) {
	p := c.account.phones.get(c.ids["phone_id"])
	if p == nil {
		return "", nil
	}
	for _, id := range slices.Clone(p.users) {
		c.account.detach(c.account.users.get(id), p.ID)
	}
	c.account.phones.remove(p.ID)
	c.log("phone_delete", p.deviceName(), nil)
	return "", nil
}
