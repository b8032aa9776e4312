package duoclient

import (
	"context"
	"iter"
)

// GroupService is the Admin API's groups; who is in which is at
// [UserService]. See [Admin] for the errors of every call.
type GroupService struct{ api *api }

// Group is a group of users.
type Group struct {
	GroupID string `json:"group_id"`
	Name    string `json:"name"`
	Desc    string `json:"desc"`
	Status  string `json:"status"` // Active, Bypass, Disabled
	Extra   Extra  `json:"-"`
}

// GroupMember is a user as a group tells of him.
type GroupMember struct {
	UserID   string `json:"user_id"`
	Username string `json:"username"`
	Extra    Extra  `json:"-"`
}

// GroupParams are what can be said of a group. What is empty is left as it is.
type GroupParams struct {
	// Name and Desc have at most 1024 bytes; a new group needs a name.
	Name, Desc string
	// Status is active, bypass or disabled, in any case.
	Status string
	// Clear names parameters to empty: desc.
	Clear []string
}

func (g GroupParams) add(p *parameters) {
	p.line("name", g.Name, maxText)
	p.text("desc", g.Desc, maxText)
	p.choice("status", g.Status, "active", "bypass", "disabled")
	p.empty(g.Clear, "desc")
}

// List gives all groups: GET /admin/v1/groups, paged by 100.
func (s *GroupService) List(ctx context.Context) iter.Seq2[*Group, error] {
	return offsetPages[Group](ctx, s.api, "/admin/v1/groups", nil, pageGroups)
}

// Get gives one group, or [ErrNotFound]: GET /admin/v2/groups/{group_id}.
func (s *GroupService) Get(ctx context.Context, groupID string) (*Group, error) {
	p := newParameters()
	return read[Group](ctx, s.api, get(p.path("/admin/v2/groups/:group_id", groupID), p))
}

// Users gives who is in a group: GET /admin/v2/groups/{group_id}/users, paged
// by 500.
func (s *GroupService) Users(ctx context.Context, groupID string) iter.Seq2[*GroupMember, error] {
	p := newParameters()
	return offsetPages[GroupMember](ctx, s.api, p.path("/admin/v2/groups/:group_id/users", groupID), p, pageMost)
}

// Create makes a group: POST /admin/v1/groups with name (required), desc and
// status. A name that is taken is [ErrDuplicate]. It is sent once.
func (s *GroupService) Create(ctx context.Context, g GroupParams) (*Group, error) {
	p := newParameters()
	if g.Name == "" {
		p.fault("name", "is missing")
	}
	g.add(p)
	return read[Group](ctx, s.api, post("/admin/v1/groups", p))
}

// Update changes what g holds: POST /admin/v1/groups/{group_id} with name,
// desc and status.
func (s *GroupService) Update(ctx context.Context, groupID string, g GroupParams) (*Group, error) {
	p := newParameters()
	path := p.path("/admin/v1/groups/:group_id", groupID)
	g.add(p)
	if len(p.values)+len(p.faults) == 0 {
		p.fault("name", "and all others are empty: there is nothing to change")
	}
	return read[Group](ctx, s.api, put(path, p))
}

// Delete removes a group; its users stay: DELETE /admin/v1/groups/{group_id}.
func (s *GroupService) Delete(ctx context.Context, groupID string) error {
	p := newParameters()
	op := remove(p.path("/admin/v1/groups/:group_id", groupID))
	op.params = p
	return s.api.run(ctx, op)
}
