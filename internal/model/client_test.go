package model_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"pgregory.net/rapid"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/mfa"
	"mfaserver/session"
)

// answer is a whole response, and what was amiss at the moment its first byte
// went out.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a *answer) cookie(name string) string {
	res := http.Response{Header: a.header}
	for _, c := range res.Cookies() {
		if c.Name == name && c.MaxAge >= 0 {
			return c.Value
		}
	}
	return ""
}

// watcher is the client's end of the wire: it looks at the trail at the
// moment when the head of the answer goes out (invariant I8).
type watcher struct {
	*httptest.ResponseRecorder
	headed bool
	onHead func(status int, h http.Header)
}

func (w *watcher) WriteHeader(status int) {
	w.head(status)
	w.ResponseRecorder.WriteHeader(status)
}

func (w *watcher) Write(p []byte) (int, error) {
	w.head(http.StatusOK)
	return w.ResponseRecorder.Write(p)
}

func (w *watcher) head(status int) {
	if !w.headed && status >= http.StatusOK {
		w.headed = true
		w.onHead(status, w.Header())
	}
}

// call is one request.
type call struct {
	method, path string
	form         url.Values
	from         string
	cookies      map[string]string
	header       map[string]string
}

// send makes the request and waits for the whole answer.
func (m *model) send(rt *rapid.T, c call) *answer {
	body := ""
	if c.form != nil {
		body = c.form.Encode()
	}
	r := httptest.NewRequestWithContext(m.t.Context(), c.method, c.path, strings.NewReader(body))
	if c.form == nil {
		r = httptest.NewRequestWithContext(m.t.Context(), c.method, c.path, http.NoBody)
	} else {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.RemoteAddr = c.from + ":40000"
	r.Header.Set("X-Requested-With", "OpenAPI")
	r.Header.Set("Accept", "application/xml")
	r.Header.Set("User-Agent", "model/1.0")
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	w := &watcher{ResponseRecorder: httptest.NewRecorder()}
	late := ""
	w.onHead = func(_ int, h http.Header) { late = m.unrecorded(h) }
	m.server.handler.ServeHTTP(w, r)
	if late != "" && !m.gate.isDead() {
		rt.Fatalf("I8: %s %s tells of an effect that is not on the trail: %s", c.method, c.path, late)
	}
	return &answer{status: w.Code, header: w.Header(), body: w.Body.String()}
}

// unrecorded names the first session that a header hands out before it is on
// the trail.
func (m *model) unrecorded(h http.Header) string {
	a := answer{header: h}
	for _, name := range []string{apiCookie, pageCookie} {
		id := a.cookie(name)
		if id == "" {
			continue
		}
		m.secrets.add("the cookie of a session", id)
		handle := session.KeyOf(id).Handle()
		if !m.book.has(audit.Event{Name: audit.SessionStarted, Session: handle}) {
			return "session.started of " + handle
		}
	}
	return ""
}

const (
	apiCookie     = "JSESSIONID"
	pageCookie    = "__Host-mfa"
	bindingCookie = "mfa_binding"
	pageBinding   = "__Host-mfa_binding"
	formCookie    = "__Host-mfa_form"
	callbackPath  = "/api/4.5.2/extensions/mfa/duocallback"
	loginPath     = "/api/users/_login"
	whoPath       = "/api/users/current"
)

func element(body, name string) string {
	_, rest, ok := strings.Cut(body, "<"+name+">")
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(rest, "</"+name+">")
	return html.UnescapeString(text)
}

// stateIn reads the state out of an address of Duo.
func stateIn(authURL string) string {
	u, err := url.Parse(authURL)
	if err != nil {
		return ""
	}
	return u.Query().Get("state")
}

func handleOf(state string) string { return mfa.KeyOf(state).Handle() }

func loginData(user, status, code, state, redirect string) string {
	return mirth.NewLoginData(user, mirth.Status(status), code, state, redirect).String()
}

var (
	codeArea = regexp.MustCompile(`(?s)<textarea id="code"[^>]*>(.*?)</textarea>`)
	onward   = regexp.MustCompile(`url=(\S+)`)
	formIn   = regexp.MustCompile(`name="form" value="([^"]*)"`)
	userIn   = regexp.MustCompile(`<span id="signed-in-as">([^<]*)</span>`)
	dataArea = regexp.MustCompile(`(?s)<textarea id="login-data"[^>]*>(.*?)</textarea>`)
)

func firstMatch(re *regexp.Regexp, text string) string {
	if found := re.FindStringSubmatch(text); found != nil {
		return html.UnescapeString(found[1])
	}
	return ""
}
