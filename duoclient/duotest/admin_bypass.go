package duotest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// The limits of bypass codes.
const (
	bypassCount   = 10 // made when nobody says how many, and at most
	bypassPerUser = 100
	bypassLength  = 9
	maxReuse      = 1_000_000
)

func (s *Server) bypassRoutes() []apiRoute {
	const all, user = "/admin/v1/bypass_codes", "/admin/v1/users/{user_id}/bypass_codes"
	return []apiRoute{
		reading(all, s.listBypass),
		reading(all+"/{bypass_code_id}", s.getBypass),
		writing(http.MethodDelete, all+"/{bypass_code_id}", s.deleteBypass),
		reading(user, withUser(s.userBypass)),
		writing(http.MethodPost, user, withUser(s.createBypass)),
	}
}

// ownedCode is a bypass code with its user.
type ownedCode struct {
	user *user
	code *bypassCode
}

// codesOf are the codes that still work.
func codesOf(u *user, now time.Time) []ownedCode {
	var out []ownedCode
	for _, b := range u.bypass {
		if b.live(now) {
			out = append(out, ownedCode{u, b})
		}
	}
	return out
}

func (c *apiCall) allCodes() []ownedCode {
	var out []ownedCode
	for _, u := range c.account.users.all() {
		out = append(out, codesOf(u, c.now)...)
	}
	return out
}

// bypassObject never shows the code.
func (c *apiCall) bypassObject(o ownedCode) any {
	var reuse any
	if o.code.limited {
		reuse = o.code.left
	}
	return fields{
		"admin_email": "", "bypass_code_id": o.code.id, "created": o.code.created.Unix(), "expiration": seconds(o.code.expires),
		"reuse_count": reuse, "user": c.account.userCore(o.user),
	}
}

func (s *Server) listBypass(c *apiCall) (any, error) {
	return pageOfItems(c, c.allCodes(), maxPage, c.bypassObject)
}

func (s *Server) userBypass(c *apiCall, u *user) (any, error) {
	return pageOfItems(c, codesOf(u, c.now), maxPage, c.bypassObject)
}

func (s *Server) getBypass(c *apiCall) (any, error) {
	for _, o := range c.allCodes() {
		if o.code.id == c.ids["bypass_code_id"] {
			return c.bypassObject(o), nil
		}
	}
	return nil, errNotFound()
}

func (s *Server) deleteBypass(c *apiCall) (any, error) {
	for _, u := range c.account.users.all() {
		before := len(u.bypass)
		u.bypass = slices.DeleteFunc(u.bypass, func(b *bypassCode) bool { return b.id == c.ids["bypass_code_id"] })
		if len(u.bypass) < before {
			c.log("bypass_delete", u.name, fields{"bypass_code_id": c.ids["bypass_code_id"]})
		}
	}
	return "", nil
}

// createBypass makes codes in place of those that the user has, unless they are
// to stay.
func (s *Server) createBypass(c *apiCall, u *user) (any, error) {
	codes, err := c.newCodes()
	if err != nil {
		return nil, err
	}
	reuse, err := c.number("reuse_count", 1, 0, maxReuse)
	if err != nil {
		return nil, err
	}
	valid, err := c.number("valid_secs", 0, 0, maxSeconds)
	if err != nil {
		return nil, err
	}
	preserve, err := c.flag("preserve_existing", false)
	if err != nil {
		return nil, err
	}
	var kept []*bypassCode
	for _, o := range codesOf(u, c.now) {
		if preserve {
			kept = append(kept, o.code)
		}
	}
	if len(kept)+len(codes) > bypassPerUser {
		return nil, errInvalid("count")
	}
	for _, code := range codes {
		b := &bypassCode{id: newID("DB"), code: code, left: reuse, limited: reuse > 0, created: c.now}
		if valid > 0 {
			b.expires = c.now.Add(time.Duration(valid) * time.Second)
		}
		kept = append(kept, b)
	}
	u.bypass = kept
	c.log("bypass_create", u.name, fields{"count": len(codes), "remaining_uses": reuse, "valid_secs": valid})
	return codes, nil
}

// newCodes are random ones or the caller's own.
func (c *apiCall) newCodes() ([]string, error) {
	if !c.has("codes") || c.text("codes") == "" {
		count, err := c.number("count", bypassCount, 1, bypassCount)
		if err != nil {
			return nil, err
		}
		codes := make([]string, 0, count)
		for range count {
			codes = append(codes, randomText(digits, bypassLength))
		}
		return codes, nil
	}
	if c.has("count") {
		return nil, errInvalid("codes")
	}
	codes := strings.Split(c.text("codes"), ",")
	for i, code := range codes {
		codes[i] = strings.TrimSpace(code)
		if n := len(codes[i]); n == 0 || n > bypassLength || strings.Trim(codes[i], digits) != "" {
			return nil, errInvalid("codes")
		}
	}
	if len(codes) > bypassCount {
		return nil, errInvalid("codes")
	}
	return codes, nil
}
