package duotest

import (
	"slices"
	"strings"
)

// The statuses of a group, in the words of the Admin API's answers.
const (
	groupActive   = "Active"
	groupBypass   = "Bypass"
	groupDisabled = "Disabled"
)

type group struct {
	id, name, desc, status string
}

// groupNamed finds a group without regard to case, or makes it.
func (a *account) groupNamed(name string) *group {
	if g := a.findGroup(name); g != nil {
		return g
	}
	g := &group{id: newID("DG"), name: name, status: groupActive}
	a.groups.put(g.id, g)
	return g
}

func (a *account) findGroup(name string) *group {
	for _, g := range a.groups.items {
		if strings.EqualFold(g.name, name) {
			return g
		}
	}
	return nil
}

// members are the users of a group.
func (a *account) members(g *group) []*user {
	return slices.DeleteFunc(a.users.all(), func(u *user) bool { return !slices.Contains(u.groups, g.id) })
}

// groupNames are those of a user's groups.
func (a *account) groupNames(u *user) []string {
	out := make([]string, 0, len(u.groups))
	for _, id := range u.groups {
		out = append(out, a.groups.get(id).name)
	}
	return out
}

// statusOf is the user's status where the groups do not say otherwise: one
// that is disabled shuts its users out, one in bypass lets them pass.
func (a *account) statusOf(u *user) string {
	in := func(status string) bool {
		return slices.ContainsFunc(u.groups, func(id string) bool { return a.groups.get(id).status == status })
	}
	switch {
	case in(groupDisabled):
		return StatusDisabled
	case u.status == StatusActive && in(groupBypass):
		return StatusBypass
	default:
		return u.status
	}
}
