package duotest

import (
	"net/http"
	"slices"
)

// userDeviceRoutes are a user's groups, phones, tokens and credentials.
func (s *Server) userDeviceRoutes() []apiRoute {
	const one = "/admin/v1/users/{user_id}"
	return []apiRoute{
		reading(one+"/groups", withUser(s.userGroups)),
		writing(http.MethodPost, one+"/groups", withUser(s.joinGroup)),
		writing(http.MethodDelete, one+"/groups/{group_id}", s.leaveGroup),
		reading(one+"/phones", withUser(s.userPhones)),
		writing(http.MethodPost, one+"/phones", withUser(s.assignPhone)),
		writing(http.MethodDelete, one+"/phones/{phone_id}", s.unassignPhone),
		reading(one+"/tokens", withUser(s.userTokens)),
		writing(http.MethodPost, one+"/tokens", withUser(s.assignToken)),
		writing(http.MethodDelete, one+"/tokens/{token_id}", s.unassignToken),
		reading(one+"/webauthncredentials", withUser(s.userCredentials)),
		reading(one+"/desktopauthenticators", withUser(s.noneOf)),
		reading(one+"/u2ftokens", withUser(s.noneOf)),
		writing(http.MethodPost, one+"/send_verification_push", withUser(s.sendVerificationPush)),
		reading(one+"/verification_push_response", withUser(s.verificationResponse)),
	}
}

// noneOf is a list of what no user of the simulator has.
func (s *Server) noneOf(c *apiCall, _ *user) (any, error) {
	return pageOfItems(c, []any{}, maxPage, func(v any) any { return v })
}

func (s *Server) userGroups(c *apiCall, u *user) (any, error) {
	return pageOfItems(c, u.groups, maxPage, func(id string) any { return groupObject(c.account.groups.get(id)) })
}

func (s *Server) joinGroup(c *apiCall, u *user) (any, error) {
	id, err := c.required("group_id")
	if err != nil {
		return nil, err
	}
	g := c.account.groups.get(id)
	if g == nil {
		return nil, errInvalid("group_id")
	}
	if !slices.Contains(u.groups, id) {
		u.groups = append(u.groups, id)
		c.log("user_group_add", u.name, fields{"group": g.name})
	}
	return "", nil
}

func (s *Server) leaveGroup(c *apiCall) (any, error) {
	if u := c.account.users.get(c.ids["user_id"]); u != nil {
		u.groups = slices.DeleteFunc(u.groups, func(id string) bool { return id == c.ids["group_id"] })
	}
	return "", nil
}

func (s *Server) userPhones(c *apiCall, u *user) (any, error) {
	return pageOfItems(c, c.account.devices(u), maxPage, func(p *phone) any { return phoneCore(p) })
}

func (s *Server) assignPhone(c *apiCall, u *user) (any, error) {
	id, err := c.required("phone_id")
	if err != nil {
		return nil, err
	}
	p := c.account.phones.get(id)
	if p == nil {
		return nil, errInvalid("phone_id")
	}
	c.account.attach(u, id)
	c.log("phone_associate", p.deviceName(), fields{"user": u.name})
	return "", nil
}

func (s *Server) unassignPhone(c *apiCall) (any, error) {
	u, p := c.account.users.get(c.ids["user_id"]), c.account.phones.get(c.ids["phone_id"])
	if u != nil && p != nil && slices.Contains(u.phones, p.ID) {
		c.account.detach(u, p.ID)
		c.log("phone_disassociate", p.deviceName(), fields{"user": u.name})
	}
	return "", nil
}

func (s *Server) userTokens(c *apiCall, u *user) (any, error) {
	return pageOfItems(c, u.tokens, maxPage, func(id string) any { return c.account.tokenCore(c.account.tokens.get(id)) })
}

func (s *Server) assignToken(c *apiCall, u *user) (any, error) {
	id, err := c.required("token_id")
	if err != nil {
		return nil, err
	}
	t := c.account.tokens.get(id)
	if t == nil {
		return nil, errInvalid("token_id")
	}
	c.account.attachToken(u, id)
	c.log("hardtoken_associate", t.serial, fields{"user": u.name})
	return "", nil
}

func (s *Server) unassignToken(c *apiCall) (any, error) {
	u, t := c.account.users.get(c.ids["user_id"]), c.account.tokens.get(c.ids["token_id"])
	if u != nil && t != nil && slices.Contains(u.tokens, t.id) {
		c.account.detachToken(u, t.id)
		c.log("hardtoken_disassociate", t.serial, fields{"user": u.name})
	}
	return "", nil
}

func (s *Server) userCredentials(c *apiCall, u *user) (any, error) {
	return pageOfItems(c, c.account.credentialsOf(u), maxPage, func(w *WebAuthnCredential) any {
		return fields{"credential_name": w.Name, "date_added": w.Added.Unix(), "label": w.Label, "webauthnkey": w.Key}
	})
}
