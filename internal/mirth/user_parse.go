package mirth

import (
	"fmt"
	"time"
)

// ParseUser reads one user of either format, as strictly as
// [ParseLoginStatus] but for one thing: elements of other names are skipped,
// because engines and their forks add fields to the user. Number and username
// are required.
func ParseUser(body []byte, contentType string) (User, error) {
	n, err := parseBody(body, contentType)
	if err != nil {
		return User{}, err
	}
	return userFrom(n)
}

// ParseUserList reads the answer to GET users like [ParseUser].
func ParseUserList(body []byte, contentType string) (UserList, error) {
	n, err := parseBody(body, contentType)
	if err != nil {
		return nil, err
	}
	if n.name != "list" {
		return nil, ErrUnknownRoot
	}
	if n.kind != kindGroup && n.text != "" {
		return nil, fmt.Errorf("%w: list holds text", ErrValue)
	}
	list := make(UserList, 0, len(n.children))
	for _, c := range n.children {
		if c.name != "user" {
			return nil, ErrUnknownElement
		}
		u, err := userFrom(c)
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, nil
}

func userFrom(n *node) (User, error) {
	if n.name != "user" {
		return User{}, ErrUnknownRoot
	}
	r := newReader(n, nil)
	u := User{
		ID: r.integer("id"), Username: r.str("username"), Email: r.str("email"),
		FirstName: r.str("firstName"), LastName: r.str("lastName"),
		LastLogin: r.time("lastLogin"), GracePeriodStart: r.time("gracePeriodStart"),
		StrikeCount: r.integer("strikeCount"), UserConsent: r.boolean("userConsent"),
	}
	switch {
	case r.err != nil:
		return User{}, r.err
	case r.fields["id"] == nil, u.Username == "":
		return User{}, fmt.Errorf("%w: id or username", ErrMissingElement)
	case u.ID < 1 || u.StrikeCount < 0:
		return User{}, fmt.Errorf("%w: user number or strike count", ErrValue)
	}
	u.NoStrikeCount = r.fields["strikeCount"] == nil
	return u, nil
}

// integer reads an optional 32-bit number.
func (r *reader) integer(name string) int {
	n := r.fields[name]
	if r.err != nil || n == nil {
		return 0
	}
	var v int64
	v, r.err = n.integer(32)
	return int(v)
}

// boolean reads an optional truth value.
func (r *reader) boolean(name string) bool {
	n := r.fields[name]
	if r.err != nil || n == nil {
		return false
	}
	var v bool
	v, r.err = n.boolean()
	return v
}

// time reads an optional calendar: milliseconds and the name of a zone, which
// does not change the instant.
func (r *reader) time(name string) time.Time {
	n := r.fields[name]
	if r.err != nil || n == nil {
		return time.Time{}
	}
	if n.kind != kindGroup {
		r.err = fmt.Errorf("%w: %s is not a time", ErrValue, name)
		return time.Time{}
	}
	var fields map[string]*node
	if fields, r.err = n.fields("time", "timezone"); r.err != nil {
		return time.Time{}
	}
	if fields["time"] == nil {
		r.err = fmt.Errorf("%w: %s without a time", ErrMissingElement, name)
		return time.Time{}
	}
	var ms int64
	if ms, r.err = fields["time"].integer(64); r.err != nil {
		return time.Time{}
	}
	if ms < 0 || ms > maxMillis {
		r.err = fmt.Errorf("%w: %s", ErrValue, name)
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
