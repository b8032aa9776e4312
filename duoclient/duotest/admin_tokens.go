package duotest

import (
	"encoding/hex"
	"math"
	"net/http"
	"slices"
)

const maxSerial = 128

func (s *Server) tokenRoutes() []apiRoute {
	const all, one = "/admin/v1/tokens", "/admin/v1/tokens/{token_id}"
	return []apiRoute{
		reading(all, s.listTokens),
		writing(http.MethodPost, all, s.createToken),
		reading(one, withToken(s.getToken)),
		writing(http.MethodDelete, one, s.deleteToken),
		writing(http.MethodPost, one+"/resync", withToken(s.resyncToken)),
	}
}

func withToken(serve func(*apiCall, *token) (any, error)) func(*apiCall) (any, error) {
	return func(c *apiCall) (any, error) {
		t := c.account.tokens.get(c.ids["token_id"])
		if t == nil {
			return nil, errNotFound()
		}
		return serve(c, t)
	}
}

// tokenCore is a token without its users.
func (a *account) tokenCore(t *token) fields {
	var step any
	if t.step > 0 {
		step = t.step
	}
	return fields{"token_id": t.id, "type": t.kind, "serial": t.serial, "totp_step": step}
}

func (a *account) tokenObject(t *token) fields {
	out := a.tokenCore(t)
	users := []any{}
	for _, id := range t.users {
		users = append(users, a.userCore(a.users.get(id)))
	}
	out["users"], out["admins"] = users, []any{}
	return out
}

func (s *Server) listTokens(c *apiCall) (any, error) {
	if (c.text("type") == "") != (c.text("serial") == "") {
		return nil, errInvalid("serial")
	}
	found := c.account.tokens.all()
	if c.text("serial") != "" {
		found = slices.DeleteFunc(found, func(t *token) bool { return t.kind != c.text("type") || t.serial != c.text("serial") })
	}
	return pageOfItems(c, found, maxPage, func(t *token) any { return c.account.tokenObject(t) })
}

func (s *Server) getToken(c *apiCall, t *token) (any, error) { return c.account.tokenObject(t), nil }

func (s *Server) createToken(c *apiCall) (any, error) {
	t, err := c.newToken()
	if err != nil {
		return nil, err
	}
	for _, other := range c.account.tokens.all() {
		if other.kind == t.kind && other.serial == t.serial {
			return nil, errDuplicate()
		}
	}
	c.account.tokens.put(t.id, t)
	c.log("hardtoken_create", t.serial, fields{"type": t.kind})
	return c.account.tokenObject(t), nil
}

func (c *apiCall) newToken() (*token, error) {
	for _, name := range []string{"type", "serial"} {
		if _, err := c.required(name); err != nil {
			return nil, err
		}
	}
	kind, err := c.oneOf("type", "", "h6", "h8", "t6", "t8", "yk")
	if err != nil {
		return nil, err
	}
	t := &token{id: newID("DH"), kind: kind, serial: c.text("serial")}
	if len(t.serial) > maxSerial {
		return nil, errInvalid("serial")
	}
	if kind == "yk" {
		for name, length := range map[string]int{"private_id": 12, "aes_key": 32} {
			if raw, err := hex.DecodeString(c.text(name)); err != nil || 2*len(raw) != length {
				return nil, errInvalid(name)
			}
		}
		return t, nil
	}
	if _, err := c.required("secret"); err != nil {
		return nil, err
	}
	if t.secret, err = hex.DecodeString(c.text("secret")); err != nil {
		return nil, errInvalid("secret")
	}
	counter, err := c.number("counter", 0, 0, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	t.counter = uint64(counter)
	if kind[0] == 't' {
		t.step, err = c.number("totp_step", 30, 1, 3600)
	}
	return t, err
}

func (s *Server) deleteToken(c *apiCall) (any, error) {
	t := c.account.tokens.get(c.ids["token_id"])
	if t == nil {
		return "", nil
	}
	for _, id := range slices.Clone(t.users) {
		c.account.detachToken(c.account.users.get(id), t.id)
	}
	c.account.tokens.remove(t.id)
	c.log("hardtoken_delete", t.serial, nil)
	return "", nil
}

// resyncWindow is how far ahead three codes in a row are looked for.
const resyncWindow = 1000

func (s *Server) resyncToken(c *apiCall, t *token) (any, error) {
	for _, name := range []string{"code1", "code2", "code3"} {
		if _, err := c.required(name); err != nil {
			return nil, err
		}
	}
	for n := t.counter; t.digits() > 0 && n < t.counter+resyncWindow; n++ {
		if hotp(t.secret, n, t.digits()) == c.text("code1") && hotp(t.secret, n+1, t.digits()) == c.text("code2") &&
			hotp(t.secret, n+2, t.digits()) == c.text("code3") {
			t.counter = n + 3
			return "", nil
		}
	}
	return nil, errInvalid("code1")
}
