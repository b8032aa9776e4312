package mirthtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mfaserver/internal/mirth"
)

// answer is what an operation says to somebody who may ask.
func (s *Server) answer(c *call) reply {
	switch c.op.id {
	case "login":
		return s.login(c)
	case "logout", "inactivityLogout":
		return s.logout(c)
	case "getVersion":
		return plain(s.config.Version)
	case "getOpenAPI":
		return reply{status: http.StatusOK, contentType: "application/json", body: s.openAPI()}
	}
	if strings.HasPrefix(c.op.id, "echo") {
		return s.echo(c)
	}
	if p, ok := s.users(c); ok {
		return p
	}
	if p, ok := s.content(c); ok {
		return p
	}
	switch c.op.kind {
	case kindNone:
		return empty(http.StatusNoContent)
	case kindTrue:
		return value(http.StatusOK, c.format, mirth.Boolean(true))
	case kindZero:
		return value(http.StatusOK, c.format, mirth.Int(0))
	case kindText:
		return plain(c.op.id)
	default:
		return c.op.kind.nothing(c.format)
	}
}

// nothing is what an operation answers that has none of what it lists.
func (k kind) nothing(f mirth.Format) reply {
	name := "null"
	switch k {
	case kindList:
		name = "list"
	case kindSet:
		name = "set"
	case kindMap:
		name = "map"
	case kindProperties:
		name = "properties"
	default:
	}
	return literal(f, "<"+name+"/>", `{"`+name+`":null}`)
}

func literal(f mirth.Format, xml, json string) reply {
	text := xml
	if f == mirth.FormatJSON {
		text = json
	}
	return reply{status: http.StatusOK, contentType: f.ContentType(), body: []byte(text)}
}

// login reads the form: of a doubled field the first, and the query where the
// body is empty.
func (s *Server) login(c *call) reply {
	fields, err := c.form()
	if err != nil {
		return s.failure(c.Request, c.target, http.StatusBadRequest, "")
	}
	name, ok := fields["username"]
	if !ok {
		return stackTrace(c.Request, c.target.raw)
	}
	s.hash(c.Request)
	status, u := s.check(name, fields["password"])
	s.noteEvent(c, name, u != nil)
	s.enter(c)
	if u == nil {
		c.user = ""
		return value(http.StatusUnauthorized, c.format, status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.session.user, c.user = u.Name, u.Name
	u.LastLogin = s.config.Now()
	return value(http.StatusOK, c.format, status)
}

func (s *Server) logout(c *call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions.end(c.session.id)
	return empty(http.StatusNoContent)
}

// users answers what is about accounts.
func (s *Server) users(c *call) (reply, bool) {
	var body []byte
	if strings.HasPrefix(c.op.path, "/users") && (c.Method == http.MethodPost || c.Method == http.MethodPut) {
		body = c.text()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c.op.id {
	case "getCurrentUser":
		name := c.user
		if c.faults.SwapUser != "" {
			name = c.faults.SwapUser
		}
		return s.oneUser(c, s.accounts.find(name)), true
	case "getAllUsers":
		list := mirth.UserList{}
		for _, u := range s.accounts.list() {
			list = append(list, u.shown())
		}
		return value(http.StatusOK, c.format, list), true
	case "getUser":
		return s.oneUser(c, s.accounts.lookup(c.op.params["userIdOrName"])), true
	case "createUser":
		return s.createUser(c, body), true
	case "isUserLoggedIn":
		u := s.accounts.lookup(c.op.params["userId"])
		return value(http.StatusOK, c.format, mirth.Boolean(u != nil && s.loggedIn(u.Name))), true
	case "updateUserPassword":
		if u := s.accounts.lookup(c.op.params["userId"]); u != nil {
			u.Password = string(body)
		}
		return empty(http.StatusNoContent), true
	case "removeUser":
		if u := s.accounts.lookup(c.op.params["userId"]); u != nil {
			s.accounts.remove(u.Name)
		}
		return empty(http.StatusNoContent), true
	case "getUserPreference", "setUserPreference":
		return s.preference(c, body), true
	default:
		return reply{}, false
	}
}

func (s *Server) preference(c *call, body []byte) reply {
	u := s.accounts.lookup(c.op.params["userId"])
	if u == nil {
		return empty(http.StatusNoContent)
	}
	name := c.op.params["name"]
	if c.Method == http.MethodPut {
		u.preferences[name] = string(body)
		return empty(http.StatusNoContent)
	}
	text, ok := u.preferences[name]
	if !ok {
		return empty(http.StatusNoContent)
	}
	return plain(text)
}

// oneUser shows an account; the engine says 204 where there is none.
func (s *Server) oneUser(c *call, u *account) reply {
	if u == nil {
		return empty(http.StatusNoContent)
	}
	p := value(http.StatusOK, c.format, u.shown())
	if u.lastStrike.IsZero() {
		return p
	}
	// The codec knows no lastStrikeTime.
	ms := strconv.FormatInt(u.lastStrike.UnixMilli(), 10)
	text := string(p.body)
	if c.format == mirth.FormatJSON {
		text = strings.Replace(text, `,"userConsent"`,
			`,"lastStrikeTime":{"time":`+ms+`,"timezone":"Etc/UTC"},"userConsent"`, 1)
	} else {
		text = strings.Replace(text, "\n  <userConsent>",
			"\n  <lastStrikeTime>\n    <time>"+ms+"</time>\n    <timezone>Etc/UTC</timezone>\n  </lastStrikeTime>\n  <userConsent>", 1)
	}
	p.body = []byte(text)
	return p
}

func (s *Server) loggedIn(name string) bool { return slices.Contains(s.sessions.live(), name) }

// createUser reads the username alone; a user without a password cannot log
// in.
func (s *Server) createUser(c *call, body []byte) reply {
	user, err := mirth.ParseUser(withID(body), c.Header.Get("Content-Type"))
	if err != nil {
		return s.failure(c.Request, c.target, http.StatusBadRequest, fmt.Sprint(err))
	}
	s.accounts.put(User{Name: user.Username, Email: user.Email, FirstName: user.FirstName, LastName: user.LastName})
	return empty(http.StatusNoContent)
}

// withID gives a new user the number that the parser wants to see.
func withID(body []byte) []byte {
	text := string(body)
	if strings.Contains(text, "<id>") || strings.Contains(text, `"id"`) {
		return body
	}
	text = strings.Replace(text, "<user>", "<user><id>1</id>", 1)
	return []byte(strings.Replace(text, `"user":{`, `"user":{"id":1,`, 1))
}
