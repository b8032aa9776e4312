package mirthtest

import (
	"encoding/base64"
	"mime"
	"net/http"
	"strings"

	"mfaserver/internal/mirth"
)

// call is one request to an operation.
type call struct {
	*http.Request

	op     matched
	target target
	format mirth.Format
	// user is whose session or credentials the request has.
	user string
	// session is what the request's cookie stands for; nil before it matters.
	session *held
	faults  Faults
	// announce is the cookie to set, empty for none.
	announce string
}

// api answers below the context, in the order in which the engine checks.
func (s *Server) api(r *http.Request, t target, f Faults) reply {
	p := s.apiReply(r, t, f)
	for name, text := range map[string]string{
		"Access-Control-Allow-Origin":      "*",
		"Access-Control-Allow-Credentials": "false",
		"Access-Control-Allow-Methods":     "GET, POST, DELETE, PUT",
		"Access-Control-Allow-Headers":     "Content-Type",
		"Content-Security-Policy":          "frame-ancestors 'none'",
		"X-Frame-Options":                  "DENY",
		"X-Content-Type-Options":           "nosniff",
	} {
		p.set(name, text)
	}
	if r.Method == http.MethodTrace {
		return p
	}
	if p.status != http.StatusBadRequest || strings.TrimSpace(r.Header.Get("X-Requested-With")) != "" {
		p.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	return p
}

func (s *Server) apiReply(r *http.Request, t target, f Faults) reply {
	if r.Method == http.MethodTrace {
		return untraced()
	}
	if p, ok := s.explorer(r, t); ok {
		return p
	}
	if strings.TrimSpace(r.Header.Get("X-Requested-With")) == "" {
		return s.failure(r, t, http.StatusBadRequest, needsHeader)
	}
	if t.almost {
		return s.failure(r, t, http.StatusNotFound, "")
	}
	op := match(s.operations, r.Method, t.segments)
	switch {
	case op.allow == "":
		return s.failure(r, t, http.StatusNotFound, "")
	case r.Method == http.MethodOptions:
		p := reply{status: http.StatusOK, contentType: "application/xml"}
		p.set("Allow", op.allow)
		return p
	case op.operation == nil:
		p := s.failure(r, t, http.StatusMethodNotAllowed, "")
		p.set("Allow", op.allow)
		return p
	case !op.takes(r.Header.Get("Content-Type")):
		return s.failure(r, t, http.StatusUnsupportedMediaType, "")
	}
	format, ok := op.gives(r.Header.Values("Accept"))
	if !ok {
		return s.failure(r, t, http.StatusNotAcceptable, "")
	}
	return s.perform(&call{Request: r, op: op, target: t, format: format, faults: f})
}

// perform answers an operation, once it is known who asks.
func (s *Server) perform(c *call) reply {
	if !c.op.public {
		if p, ok := s.authenticate(c); !ok {
			p.user = c.user
			return p
		}
	}
	p := s.answer(c)
	p.user, p.target = c.user, c.target
	if c.session != nil {
		p.session = c.session.id
	}
	if c.announce != "" {
		p.set("Set-Cookie", c.announce)
		p.set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
	}
	return p
}

// authenticate takes a session that somebody logged in to, else HTTP Basic,
// for which it opens a session that nobody is logged in to.
func (s *Server) authenticate(c *call) (reply, bool) {
	if s.enter(c); c.user != "" {
		return reply{}, true
	}
	name, password, ok := basic(c.Header.Get("Authorization"))
	if !ok || (s.find(name) == nil && name == "bypass") {
		p := s.failure(c.Request, c.target, http.StatusUnauthorized, "")
		if c.announce != "" {
			p.set("Set-Cookie", c.announce)
		}
		return p, false
	}
	s.hash(c.Request)
	status, u := s.check(name, password)
	if u == nil {
		p := value(http.StatusUnauthorized, c.statusFormat(), status)
		if c.announce != "" {
			p.set("Set-Cookie", c.announce)
			p.set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
		}
		return p, false
	}
	c.user = u.Name
	return reply{}, true
}

// statusFormat is the form of a login status where the operation has another.
func (c *call) statusFormat() mirth.Format {
	f, _ := mirth.Negotiate(c.Header.Values("Accept"))
	return f
}

// enter opens or finds the request's session.
func (s *Server) enter(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.session = s.sessions.ensure(c.target, c.Request)
	c.user = c.session.user
	if c.session.announce {
		c.announce = s.setCookie(c.target, c.session.id)
	}
}

func (s *Server) find(name string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts.find(name)
}

// failure is an error page of the API's servlet.
func (s *Server) failure(r *http.Request, t target, status int, message string) reply {
	if message == "" {
		message = http.StatusText(status)
	}
	return errorPage(r, t.raw, status, message, jerseyServlet)
}

// takes reports whether a request of that media type may come; none may
// always, and is found out later.
func (o *operation) takes(contentType string) bool {
	if contentType == "" || o.consumes == "*/*" {
		return true
	}
	name, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	if o.consumes != "" {
		return name == o.consumes
	}
	return name == "application/xml" || name == "application/json"
}

// gives chooses the format of an answer.
func (o *operation) gives(accept []string) (mirth.Format, bool) {
	switch o.kind {
	case kindText:
		return mirth.FormatXML, acceptable(accept, textPlain)
	case kindJSON:
		return mirth.FormatJSON, acceptable(accept, "application/json")
	default:
		return mirth.Negotiate(accept)
	}
}

// acceptable reports whether Accept has a place for a media type.
func acceptable(accept []string, mediaType string) bool {
	if strings.TrimSpace(strings.Join(accept, "")) == "" {
		return true
	}
	kind, _, _ := strings.Cut(mediaType, "/")
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, _, err := mime.ParseMediaType(item)
		if err == nil && (name == mediaType || name == kind+"/*" || name == "*/*") {
			return true
		}
	}
	return false
}

// basic reads credentials; the engine knows the scheme in this spelling only.
func basic(header string) (name, password string, ok bool) {
	encoded, ok := strings.CutPrefix(header, "Basic ")
	if !ok {
		return "", "", false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(raw), ":")
}
