package duotest

import "strings"

// Directory is a source that users are synchronised from.
type Directory struct {
	// Key is the 20-character directory key; made up when empty.
	Key string
	// Users are those that the directory knows. Their IDs are the directory's.
	Users []User
}

// enrollUser is POST /admin/v1/users/enroll.
func (s *Server) enrollUser(c *apiCall) (any, error) {
	name, err := c.required("username")
	if err != nil {
		return nil, err
	}
	email, err := c.required("email")
	if err != nil {
		return nil, err
	}
	if _, err := c.number("valid_secs", 0, 0, maxSeconds); err != nil {
		return nil, err
	}
	u := c.account.find(name)
	if u != nil && c.account.enrolled(u) {
		return nil, errInvalid("username")
	}
	if u == nil {
		u = &user{id: newID("DU"), name: name, status: StatusActive, created: c.now}
		c.account.users.put(u.id, u)
		c.account.index(u)
	}
	u.email = email
	c.log("user_enroll", u.name, fields{"email": email})
	return strings.ToLower(randomText(upperDigits, 16)), nil
}

// syncUser makes or updates one user as their directory describes them. A user
// who came from the directory and left it is marked for deletion.
func (s *Server) syncUser(c *apiCall) (any, error) {
	directory, known := c.account.directories[c.ids["directory_key"]]
	if !known {
		return nil, errNotFound()
	}
	name, err := c.required("username")
	if err != nil {
		return nil, err
	}
	u := c.account.find(name)
	for _, source := range directory.Users {
		if !strings.EqualFold(source.Name, name) {
			continue
		}
		if u == nil {
			u = &user{id: newID("DU"), created: c.now, status: StatusActive}
			c.account.users.put(u.id, u)
		}
		c.account.unindex(u)
		u.name, u.realName, u.email = source.Name, source.RealName, source.Email
		copy(u.aliases[:], source.Aliases)
		u.externalID, u.synced = directory.Key+"/"+source.Name, c.now
		c.account.index(u)
		c.log("user_sync", u.name, nil)
		return c.account.userObject(u), nil
	}
	if u == nil || !strings.HasPrefix(u.externalID, directory.Key) {
		return nil, errInvalid("username")
	}
	u.setStatus("pending deletion", c.now)
	return c.account.userObject(u), nil
}
