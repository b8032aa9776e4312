package duotest

import (
	"net/http"
	"time"
)

// admin is an administrator.
type admin struct {
	id, name, email, phone, role, status string
	created, lastLogin                   time.Time
	passwordChange, restricted           bool
}

// roles are what an administrator can be.
var roles = []string{ //nolint:gochecknoglobals // constant
	"Owner", "Administrator", "Application Manager", "User Manager", "Security Analyst", "Help Desk", "Billing", "Phishing Manager", "Read-only",
}

func (a *account) addAdmin(one *admin) {
	one.id = newID("DE")
	a.admins.put(one.id, one)
}

func (s *Server) administratorRoutes() []apiRoute {
	const all, one = "/admin/v1/admins", "/admin/v1/admins/{admin_id}"
	return []apiRoute{
		{method: http.MethodGet, pattern: all, permission: GrantAdminsRead, serve: s.listAdmins},
		{method: http.MethodPost, pattern: all, permission: GrantAdmins, serve: s.createAdmin},
		{method: http.MethodGet, pattern: one, permission: GrantAdminsRead, serve: withAdmin(s.getAdmin)},
		{method: http.MethodPost, pattern: one, permission: GrantAdmins, serve: withAdmin(s.modifyAdmin)},
		{method: http.MethodDelete, pattern: one, permission: GrantAdmins, serve: s.deleteAdmin},
		{method: http.MethodPost, pattern: one + "/reset", permission: GrantAdmins, serve: withAdmin(s.nothing)},
		{method: http.MethodPost, pattern: one + "/clear_inactivity", permission: GrantAdmins, serve: withAdmin(s.nothing)},
	}
}

func withAdmin(serve func(*apiCall, *admin) (any, error)) func(*apiCall) (any, error) {
	return func(c *apiCall) (any, error) {
		one := c.account.admins.get(c.ids["admin_id"])
		if one == nil {
			return nil, errNotFound()
		}
		return serve(c, one)
	}
}

func adminObject(one *admin) any {
	return fields{
		"admin_id": one.id, "admin_units": []any{}, "created": one.created.Unix(), "email": one.email, "hardtoken": nil,
		"last_login": seconds(one.lastLogin), "name": one.name, "password_change_required": one.passwordChange,
		"phone": one.phone, "restricted_by_admin_units": one.restricted, "role": one.role, "status": one.status,
		"subaccount_role": nil,
	}
}

func (s *Server) listAdmins(c *apiCall) (any, error) {
	return pageOfItems(c, c.account.admins.all(), maxPage, adminObject)
}

func (s *Server) getAdmin(_ *apiCall, one *admin) (any, error) { return adminObject(one), nil }

func (s *Server) nothing(*apiCall, *admin) (any, error) { return "", nil }

func (s *Server) createAdmin(c *apiCall) (any, error) {
	email, err := c.required("email")
	if err != nil {
		return nil, err
	}
	if _, err := c.required("name"); err != nil {
		return nil, err
	}
	for _, other := range c.account.admins.all() {
		if other.email == email {
			return nil, errDuplicate()
		}
	}
	one := &admin{email: email, role: "Owner", status: "Pending Activation", created: c.now}
	if err := c.describeAdmin(one); err != nil {
		return nil, err
	}
	c.account.addAdmin(one)
	c.log("admin_create", one.name, fields{"email": one.email, "role": one.role})
	return adminObject(one), nil
}

func (s *Server) modifyAdmin(c *apiCall, one *admin) (any, error) {
	changed := *one
	if err := c.describeAdmin(&changed); err != nil {
		return nil, err
	}
	status, err := c.oneOf("status", changed.status, "Active", "Disabled")
	if err != nil {
		return nil, err
	}
	changed.status = status
	*one = changed
	c.log("admin_update", one.name, fields{"role": one.role, "status": one.status})
	return adminObject(one), nil
}

func (c *apiCall) describeAdmin(one *admin) error {
	for name, field := range map[string]*string{"name": &one.name, "phone": &one.phone} {
		if c.has(name) {
			*field = c.text(name)
		}
	}
	var err error
	if one.role, err = c.oneOf("role", one.role, roles...); err != nil {
		return err
	}
	if one.restricted, err = c.flag("restricted_by_admin_units", one.restricted); err != nil {
		return err
	}
	one.passwordChange, err = c.flag("password_change_required", one.passwordChange)
	return err
}

func (s *Server) deleteAdmin(c *apiCall) (any, error) {
	id := c.ids["admin_id"]
	if one := c.account.admins.get(id); one != nil {
		c.account.admins.remove(id)
		c.log("admin_delete", one.name, nil)
	}
	return "", nil
}
