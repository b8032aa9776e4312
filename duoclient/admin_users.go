package duoclient

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"
)

// UserService is the Admin API's users. See [Admin] for the errors of every
// call.
type UserService struct{ api *api }

// pageUsers is Duo's limit for users, pageMost that of most lists, pageGroups
// that of groups.
const (
	pageUsers  = 300
	pageMost   = 500
	pageGroups = 100
)

// List gives the users that f describes, all when it is zero: GET
// /admin/v1/users with username, email, user_id_list or username_list, paged
// by 300.
func (s *UserService) List(ctx context.Context, f UserFilter) iter.Seq2[*User, error] {
	return offsetPages[User](ctx, s.api, "/admin/v1/users", f.parameters(), pageUsers)
}

// ByName gives the user with this name or alias, or [ErrNotFound]: GET
// /admin/v1/users with username.
func (s *UserService) ByName(ctx context.Context, username string) (*User, error) {
	p := newParameters()
	p.needed("username", username, maxName)
	var alias *User
	for u, err := range offsetPages[User](ctx, s.api, "/admin/v1/users", p, pageUsers) {
		switch {
		case err != nil:
			return nil, err
		case strings.EqualFold(u.Username, username):
			return u, nil
		case alias == nil:
			alias = u
		}
	}
	if alias == nil {
		return nil, notFound(list("/admin/v1/users", p), "no user has this name")
	}
	return alias, nil
}

// Get gives one user, or [ErrNotFound]: GET /admin/v1/users/{user_id}.
func (s *UserService) Get(ctx context.Context, userID string) (*User, error) {
	p := newParameters()
	return read[User](ctx, s.api, get(p.path("/admin/v1/users/:user_id", userID), p))
}

// Create makes a user: POST /admin/v1/users with username (required), alias1
// to alias4 or aliases, realname, firstname, lastname, email, status (active,
// bypass, disabled), notes, enable_auto_prompt, custom_attributes.NAME. A name
// or alias that is taken is [ErrDuplicate]. It is sent once.
func (s *UserService) Create(ctx context.Context, u UserParams) (*User, error) {
	p := newParameters()
	if u.Username == "" {
		p.fault("username", "is missing")
	}
	u.add(p, "active", "bypass", "disabled")
	return read[User](ctx, s.api, post("/admin/v1/users", p))
}

// Update changes what u holds: POST /admin/v1/users/{user_id} with the
// parameters of [UserService.Create]; status may be locked out too. A new name
// or alias that is taken is [ErrDuplicate].
func (s *UserService) Update(ctx context.Context, userID string, u UserParams) (*User, error) {
	p := newParameters()
	path := p.path("/admin/v1/users/:user_id", userID)
	u.add(p, "active", "bypass", "disabled", "locked out")
	if len(p.values)+len(p.faults) == 0 {
		p.fault("username", "and all others are empty: there is nothing to change")
	}
	return read[User](ctx, s.api, put(path, p))
}

// Delete removes a user, his bypass codes and his ties to phones: DELETE
// /admin/v1/users/{user_id}. A user who is gone already is no error.
func (s *UserService) Delete(ctx context.Context, userID string) error {
	op := remove("")
	op.params = newParameters()
	op.path = op.params.path("/admin/v1/users/:user_id", userID)
	return s.api.run(ctx, op)
}

// Enroll makes a user and sends him an e-mail with a link to enrol: POST
// /admin/v1/users/enroll with username and email (required) and valid_secs
// (whole seconds; zero leaves Duo's 30 days, [Never] does not expire). It
// gives the code in the link: whoever has it can enrol for the user. It is sent
// once. A user who is enrolled already
// is [ErrBadParameter].
func (s *UserService) Enroll(ctx context.Context, username, email string, valid time.Duration) (code string, err error) {
	p := newParameters()
	p.needed("username", username, maxName)
	if email == "" {
		p.fault("email", "is missing")
	}
	p.email("email", email)
	p.valid(valid)
	op := post("/admin/v1/users/enroll", p)
	e, err := s.api.do(ctx, op)
	if err != nil {
		return "", err
	}
	return e.text(op)
}

// BulkCreate makes at most 100 users in one call, all or none: POST
// /admin/v1/users/bulk_create with users, the text of a JSON array of
// username, realname, firstname, lastname, email, status and notes. Other
// fields of [UserParams] cannot be sent here. A name that is taken is
// [ErrDuplicate]. It is sent once.
func (s *UserService) BulkCreate(ctx context.Context, users []UserParams) ([]*User, error) {
	p := newParameters()
	p.bulk(users)
	op := post("/admin/v1/users/bulk_create", p)
	op.whole, op.limit = listTime, listBody
	e, err := s.api.do(ctx, op)
	if err != nil {
		return nil, err
	}
	all, ok := elements(e.response)
	if !ok {
		return nil, unexpected(op, "a list")
	}
	made := make([]*User, len(all))
	for i, raw := range all {
		made[i] = new(User)
		if err := decode(raw, made[i]); err != nil {
			return nil, unexpected(op, "a list of users")
		}
	}
	return made, nil
}

// bulk sets users, and names the row of every fault.
func (p *parameters) bulk(users []UserParams) {
	if len(users) == 0 || len(users) > maxBatch {
		p.fault("users", fmt.Sprintf("must be 1 to %d, there are %d", maxBatch, len(users)))
		return
	}
	rows := make([]map[string]string, len(users))
	names := make(map[string]struct{}, len(users))
	for i, u := range users {
		rows[i] = p.bulkRow(fmt.Sprintf("users[%d].", i), u)
		if _, again := names[u.Username]; again && u.Username != "" {
			p.fault(fmt.Sprintf("users[%d].username", i), "comes twice")
		}
		names[u.Username] = struct{}{}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		p.fault("users", "must be text")
		return
	}
	p.set("users", string(text))
}

func (p *parameters) bulkRow(prefix string, u UserParams) map[string]string {
	one := newParameters()
	if u.Username == "" {
		one.fault("username", "is missing")
	}
	if len(u.Aliases) > 0 || len(u.CustomAttributes) > 0 || len(u.Clear) > 0 || u.EnableAutoPrompt != nil {
		one.fault("aliases", "custom attributes, clear and enable_auto_prompt cannot be sent in bulk")
	}
	UserParams{
		Username: u.Username, Realname: u.Realname, Firstname: u.Firstname, Lastname: u.Lastname,
		Notes: u.Notes, Email: u.Email, Status: u.Status,
	}.add(one, "active", "bypass", "disabled")
	p.adopt(prefix, one)
	row := make(map[string]string, len(one.values))
	for name := range one.values {
		row[name] = one.values.Get(name)
	}
	return row
}

// SyncOne fetches one user from a directory into Duo, where it is made,
// changed or marked for deletion: POST
// /admin/v1/users/directorysync/{directory_key}/syncuser with username, the
// name in the directory. The directory key stands on the directory's page in
// Duo's admin panel; no call lists them. It gives Duo's answer, whose form is
// not documented. A user whom the directory does not have is
// [ErrBadParameter], an unknown directory [ErrNotFound]. It is sent once.
func (s *UserService) SyncOne(ctx context.Context, directoryKey, username string) (json.RawMessage, error) {
	p := newParameters()
	p.needed("username", username, maxName)
	op := post(p.path("/admin/v1/users/directorysync/:directory_key/syncuser", directoryKey), p)
	op.whole = listTime
	e, err := s.api.do(ctx, op)
	if err != nil {
		return nil, err
	}
	return e.response, nil
}
