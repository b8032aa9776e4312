package duotest

import (
	"net/http"
	"slices"
	"strings"
)

const maxGroupsPage = 100

func (s *Server) groupRoutes() []apiRoute {
	const all, one = "/admin/v1/groups", "/admin/v1/groups/{group_id}"
	return []apiRoute{
		reading(all, s.listGroups),
		reading("/admin/v2/groups", s.listGroups),
		writing(http.MethodPost, all, s.createGroup),
		reading(one, withGroup(s.groupWithUsers)),
		reading("/admin/v2/groups/{group_id}", withGroup(func(_ *apiCall, g *group) (any, error) { return groupObject(g), nil })),
		reading("/admin/v2/groups/{group_id}/users", withGroup(s.groupUsers)),
		writing(http.MethodPost, one, withGroup(s.modifyGroup)),
		writing(http.MethodDelete, one, s.deleteGroup),
	}
}

func withGroup(serve func(*apiCall, *group) (any, error)) func(*apiCall) (any, error) {
	return func(c *apiCall) (any, error) {
		g := c.account.groups.get(c.ids["group_id"])
		if g == nil {
			return nil, errNotFound()
		}
		return serve(c, g)
	}
}

func (s *Server) listGroups(c *apiCall) (any, error) {
	found := c.account.groups.all()
	if c.text("group_id_list") != "" {
		wanted, err := c.list("group_id_list", maxIDList)
		if err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(found, func(g *group) bool { return !slices.Contains(wanted, g.id) })
	}
	return pageOfItems(c, found, maxGroupsPage, func(g *group) any { return groupObject(g) })
}

func (s *Server) createGroup(c *apiCall) (any, error) {
	if _, err := c.required("name"); err != nil {
		return nil, err
	}
	g := &group{id: newID("DG"), status: groupActive}
	if err := c.describeGroup(g); err != nil {
		return nil, err
	}
	c.account.groups.put(g.id, g)
	c.log("group_create", g.name, fields{"desc": g.desc, "status": g.status})
	return groupObject(g), nil
}

func (c *apiCall) describeGroup(g *group) error {
	if c.has("name") {
		g.name = c.text("name")
	}
	if strings.TrimSpace(g.name) == "" {
		return errInvalid("name")
	}
	if c.has("desc") {
		g.desc = c.text("desc")
	}
	if other := c.account.findGroup(g.name); other != nil && other.id != g.id {
		return errDuplicate()
	}
	status, err := c.oneOf("status", g.status, groupActive, groupBypass, groupDisabled)
	g.status = status
	return err
}

func (s *Server) groupWithUsers(c *apiCall, g *group) (any, error) {
	out := groupObject(g)
	out["users"] = whole(c.account.members(g), func(u *user) any { return fields{"user_id": u.id, "username": u.name} })
	return out, nil
}

func (s *Server) groupUsers(c *apiCall, g *group) (any, error) {
	return pageOfItems(c, c.account.members(g), maxPage, func(u *user) any {
		return fields{"user_id": u.id, "username": u.name}
	})
}

func (s *Server) modifyGroup(c *apiCall, g *group) (any, error) {
	changed := *g
	if err := c.describeGroup(&changed); err != nil {
		return nil, err
	}
	*g = changed
	c.log("group_update", g.name, fields{"desc": g.desc, "status": g.status})
	return groupObject(g), nil
}

func (s *Server) deleteGroup(c *apiCall) (any, error) {
	g := c.account.groups.get(c.ids["group_id"])
	if g == nil {
		return "", nil
	}
	for _, u := range c.account.members(g) {
		u.groups = slices.DeleteFunc(u.groups, func(id string) bool { return id == g.id })
	}
	c.account.groups.remove(g.id)
	c.log("group_delete", g.name, nil)
	return "", nil
}
