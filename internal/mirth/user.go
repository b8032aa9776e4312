package mirth

import (
	"fmt"
	"math"
	"time"
)

// User is an account as users/current shows it
// (com.mirth.connect.model.User). Empty texts and zero times are left out.
type User struct {
	ID        int
	Username  string
	Email     string
	FirstName string
	LastName  string
	// LastLogin and GracePeriodStart have millisecond precision; they are
	// written in Etc/UTC and read as UTC.
	LastLogin        time.Time
	GracePeriodStart time.Time
	StrikeCount      int
	// NoStrikeCount leaves strikeCount out: an account that nobody tried to
	// log in to has none.
	NoStrikeCount bool
	UserConsent   bool
}

// UserList is the answer to GET users.
type UserList []User

var (
	_ Encoder = User{}
	_ Encoder = UserList{}
)

// maxMillis is the end of the year 9999.
const maxMillis = 253402300799999

func (u User) tree() (*node, error) {
	if u.Username == "" {
		return nil, fmt.Errorf("%w: username", ErrMissingElement)
	}
	if u.ID < 1 || u.ID > math.MaxInt32 || u.StrikeCount < 0 || u.StrikeCount > math.MaxInt32 {
		return nil, fmt.Errorf("%w: user number or strike count", ErrValue)
	}
	// In one piece, as this is asked all the time.
	first := [...]node{*number("id", int64(u.ID)), *text("username", u.Username), *text("email", u.Email), *text("firstName", u.FirstName), *text("lastName", u.LastName)}
	n := &node{name: "user", kind: kindGroup, children: make([]*node, 0, 9)}
	for i := range first {
		if first[i].text != "" {
			n.children = append(n.children, &first[i])
		}
	}
	if err := n.addTime("lastLogin", u.LastLogin); err != nil {
		return nil, err
	}
	if err := n.addTime("gracePeriodStart", u.GracePeriodStart); err != nil {
		return nil, err
	}
	if !u.NoStrikeCount {
		n.children = append(n.children, number("strikeCount", int64(u.StrikeCount)))
	}
	n.children = append(n.children, boolean("userConsent", u.UserConsent))
	return n, nil
}

// addTime appends t as XStream writes a java.util.Calendar, unless it is zero.
func (n *node) addTime(name string, t time.Time) error {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	if ms < 0 || ms > maxMillis {
		return fmt.Errorf("%w: %s", ErrValue, name)
	}
	n.children = append(n.children, group(name, number("time", ms), text("timezone", "Etc/UTC")))
	return nil
}

func (l UserList) tree() (*node, error) {
	n := &node{name: "list", kind: kindList}
	for _, u := range l {
		c, err := u.tree()
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, c)
	}
	return n, nil
}
