package duotest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxUsersPage and maxPage are the longest pages.
const (
	maxUsersPage = 300
	maxPage      = 500
	maxIDList    = 100
)

func (s *Server) userRoutes() []apiRoute {
	const users, one = "/admin/v1/users", "/admin/v1/users/{user_id}"
	return []apiRoute{
		reading(users, s.listUsers),
		writing(http.MethodPost, users, s.createUser),
		writing(http.MethodPost, users+"/enroll", s.enrollUser),
		writing(http.MethodPost, users+"/bulk_create", s.bulkCreateUsers),
		writing(http.MethodPost, users+"/directorysync/{directory_key}/syncuser", s.syncUser),
		reading(one, withUser(s.getUser)),
		writing(http.MethodPost, one, withUser(s.modifyUser)),
		writing(http.MethodDelete, one, s.deleteUser),
	}
}

// withUser finds the user of the path; 404 when there is none.
func withUser(serve func(*apiCall, *user) (any, error)) func(*apiCall) (any, error) {
	return func(c *apiCall) (any, error) {
		u := c.account.users.get(c.ids["user_id"])
		if u == nil {
			return nil, errNotFound()
		}
		return serve(c, u)
	}
}

func (s *Server) listUsers(c *apiCall) (any, error) {
	a := c.account
	found := a.users.all()
	keep := func(f func(*user) bool) { found = slices.DeleteFunc(found, func(u *user) bool { return !f(u) }) }
	if name := c.text("username"); name != "" {
		found = nil
		if u := a.find(name); u != nil {
			found = []*user{u}
		}
	}
	if email := c.text("email"); email != "" {
		keep(func(u *user) bool { return strings.EqualFold(u.email, email) })
	}
	for name, value := range map[string]func(*user) string{
		"user_id_list":  func(u *user) string { return u.id },
		"username_list": func(u *user) string { return strings.ToLower(u.name) },
	} {
		if c.text(name) == "" {
			continue
		}
		wanted, err := c.list(name, maxIDList)
		if err != nil {
			return nil, err
		}
		keep(func(u *user) bool {
			return slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, value(u)) })
		})
	}
	return pageOfItems(c, found, maxUsersPage, func(u *user) any { return a.userObject(u) })
}

func (s *Server) getUser(c *apiCall, u *user) (any, error) { return c.account.userObject(u), nil }

func (s *Server) createUser(c *apiCall) (any, error) {
	name, err := c.required("username")
	if err != nil {
		return nil, err
	}
	u := &user{id: newID("DU"), name: name, status: StatusActive, created: c.now, custom: map[string]string{}}
	if err := c.describeUser(u); err != nil {
		return nil, err
	}
	if u.status == StatusLocked {
		return nil, errInvalid("status")
	}
	c.account.users.put(u.id, u)
	c.account.index(u)
	c.log("user_create", u.name, c.userChange(u))
	return c.account.userObject(u), nil
}

func (s *Server) modifyUser(c *apiCall, u *user) (any, error) {
	changed := *u
	changed.custom = maps.Clone(u.custom)
	if err := c.describeUser(&changed); err != nil {
		return nil, err
	}
	c.account.unindex(u)
	*u = changed
	c.account.index(u)
	c.log("user_update", u.name, c.userChange(u))
	return c.account.userObject(u), nil
}

// describeUser writes the call's parameters into a copy of a user, so that
// nothing is half-written when one of them is refused.
func (c *apiCall) describeUser(u *user) error {
	for name, field := range map[string]*string{
		"username": &u.name, "realname": &u.realName, "email": &u.email, "notes": &u.notes,
		"firstname": &u.firstName, "lastname": &u.lastName,
	} {
		if c.has(name) {
			*field = c.text(name)
		}
	}
	if u.name == "" {
		return errInvalid("username")
	}
	if err := c.describeAliases(u); err != nil {
		return err
	}
	for _, name := range u.allNames() {
		if other := c.account.find(name); other != nil && other.id != u.id {
			return errDuplicate()
		}
	}
	status, err := c.oneOf("status", u.status, StatusActive, StatusBypass, StatusDisabled, StatusLocked)
	if err != nil {
		return err
	}
	u.setStatus(status, c.now)
	prompt, err := c.flag("enable_auto_prompt", !u.noAutoPrompt)
	u.noAutoPrompt = !prompt
	for name := range c.params {
		if attribute, ok := strings.CutPrefix(name, "custom_attributes."); ok {
			if u.custom == nil {
				u.custom = map[string]string{}
			}
			u.custom[attribute] = c.text(name)
		}
	}
	return err
}

func (c *apiCall) describeAliases(u *user) error {
	set := func(name, value string) bool {
		n, err := strconv.Atoi(strings.TrimPrefix(name, "alias"))
		if err != nil || n < 1 || n > maxAliases {
			return false
		}
		u.aliases[n-1] = value
		return true
	}
	single := false
	for n := range maxAliases {
		name := "alias" + strconv.Itoa(n+1)
		if c.has(name) {
			single = set(name, c.text(name))
		}
	}
	if !c.has("aliases") {
		return nil
	}
	listed, err := url.ParseQuery(c.text("aliases"))
	if err != nil || single {
		return errInvalid("aliases")
	}
	for name := range listed {
		if !strings.HasPrefix(name, "alias") || !set(name, listed.Get(name)) {
			return errInvalid("aliases")
		}
	}
	return nil
}

func (s *Server) deleteUser(c *apiCall) (any, error) {
	if u := c.account.users.get(c.ids["user_id"]); u != nil {
		c.account.remove(u)
		c.log("user_delete", u.name, nil)
	}
	return "", nil
}

func (s *Server) bulkCreateUsers(c *apiCall) (any, error) {
	if _, err := c.required("users"); err != nil {
		return nil, err
	}
	var rows []map[string]any
	if err := json.Unmarshal([]byte(c.text("users")), &rows); err != nil || len(rows) > maxIDList {
		return nil, errInvalid("users")
	}
	var made []*user
	out := make([]any, 0, len(rows))
	for _, row := range rows {
		one := &apiCall{exchange: c.exchange, integration: c.integration, params: jsonParams(row)}
		response, err := s.createUser(one)
		if err != nil { // all or nothing
			for _, u := range made {
				c.account.remove(u)
			}
			return nil, err
		}
		made = append(made, c.account.find(one.text("username")))
		out = append(out, response)
	}
	return out, nil
}

// jsonParams turns decoded JSON members into parameters.
func jsonParams(members map[string]any) url.Values {
	out := url.Values{}
	for name, value := range members {
		text, ok := value.(string)
		if !ok && value != nil {
			raw, err := json.Marshal(value)
			if err != nil {
				continue // nothing that came out of JSON fails
			}
			text = string(raw)
		}
		out.Set(name, text)
	}
	return out
}

// userChange is what the administrator log says about a user.
func (c *apiCall) userChange(u *user) fields {
	return fields{"status": u.status, "realname": u.realName, "email": u.email, "notes": u.notes, "uname": u.name}
}
