package duotest

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

//go:embed page/*.html page/style.css
var pageFiles embed.FS

// plainHost is a host that can stand in a Content-Security-Policy; IPv6
// addresses cannot.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// blockedTexts are for people who cannot go on, by reason.
var blockedTexts = map[string]string{
	"user_disabled":        "Your account is disabled. Ask your administrator for help.",
	"locked_out":           "Your account is locked out after too many failed attempts. Ask your administrator for help.",
	"deny_unenrolled_user": "You have no device here, and your organisation does not let you add one now.",
}

// pageData is what the templates show.
type pageData struct {
	Title, Text           string
	Tx                    string
	Application, Username string
	AccessIP, Browser     string
	Message               string
	Bad                   bool
	Devices               []pageDevice
	Pushed                *pageDevice
	CanPush, CanBypass    bool
	Person, Query, Code   string
	PhoneLink             string
	Refresh               bool
	Rows                  []phoneRow
	More                  int
	Children              [][2]string
	Phones                []phoneView
	Waiting, History      []pushView
	Style                 template.CSS
}

// pageDevice is one phone on the page.
type pageDevice struct {
	ID, Name, Passcode string
	Activated, Chosen  bool
}

// parsePages reads the embedded templates.
func parsePages() (*template.Template, error) {
	t, err := template.ParseFS(pageFiles, "page/*.html")
	if err != nil {
		return nil, fmt.Errorf("duotest: parse pages: %w", err)
	}
	return t, nil
}

// page renders a template as the answer. formTarget, when given, is where the
// page's forms may lead in the end.
func (s *Server) page(x *exchange, status int, name string, data pageData, formTarget ...string) {
	style, err := pageFiles.ReadFile("page/style.css")
	var out bytes.Buffer
	if err == nil {
		data.Style = template.CSS(style)
		err = s.pages.ExecuteTemplate(&out, name+".html", data)
	}
	if err != nil {
		s.config.Logger.Error("page cannot be rendered", "page", name, "err", err)
		x.fail(http.StatusInternalServerError, 50000, "Internal error", "")
		return
	}
	x.status, x.object, x.body = status, nil, out.Bytes()
	sum := sha256.Sum256(style)
	forms := "'none'"
	if len(formTarget) > 0 {
		forms = "'self' " + formSource(formTarget[0])
	}
	for name, value := range map[string]string{
		"Content-Type": "text/html; charset=utf-8",
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; frame-ancestors 'none'; form-action " + forms,
		"X-Frame-Options":        "DENY",
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
		"Cache-Control":          "no-store",
	} {
		x.header.Set(name, value)
	}
}

// formSource is the redirect URI's origin for form-action, which browsers also
// hold the redirect after a form post against.
func formSource(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return ""
	}
	if !plainHost.MatchString(u.Host) {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}

// pageOf is what every page of a prompt shows.
func pageOf(p *prompt, title string) pageData {
	return pageData{
		Title: title, Tx: p.id,
		Application: p.request.application, Username: p.request.username,
		AccessIP: p.access.ip, Browser: p.access.browser,
		Message: p.message, Bad: p.bad, PhoneLink: phoneLink(p.request.username),
	}
}

// promptPage shows devices, virtual phone, passcode and bypass code.
func (s *Server) promptPage(x *exchange, p *prompt) {
	s.mu.Lock()
	data := pageOf(p, "Is it you?")
	ringing := ""
	if p.ringing() {
		ringing = p.push.Phone.ID
	}
	if u := p.account.find(p.request.username); u != nil {
		for _, d := range p.account.devices(u) {
			view := d.snapshot()
			data.Devices = append(data.Devices, pageDevice{
				ID: view.ID, Name: view.deviceName(), Passcode: view.Passcode, Activated: view.Activated,
			})
		}
	}
	s.mu.Unlock()
	choose(&data, ringing)
	s.page(x, http.StatusOK, "prompt", data, p.request.redirectURI)
}

// choose marks the device that rings, or else the first that could.
func choose(data *pageData, pushed string) {
	chosen := slices.IndexFunc(data.Devices, func(d pageDevice) bool { return d.ID == pushed })
	if chosen >= 0 {
		data.Pushed = &data.Devices[chosen]
	} else {
		chosen = slices.IndexFunc(data.Devices, func(d pageDevice) bool { return d.Activated })
	}
	data.CanPush = chosen >= 0
	if data.CanPush {
		data.Devices[chosen].Chosen = true
	}
}

func (s *Server) enrollPage(x *exchange, p *prompt, status int, sorry string) {
	s.mu.Lock()
	data := pageOf(p, "Add a phone")
	if u := p.account.find(p.request.username); u != nil {
		data.CanBypass = len(u.bypass) > 0
	}
	s.mu.Unlock()
	data.Message, data.Bad = sorry, sorry != ""
	s.page(x, status, "enroll", data, p.request.redirectURI)
}

func (s *Server) blockedPage(x *exchange, p *prompt, reason string) {
	s.mu.Lock()
	data := pageOf(p, "You cannot sign in")
	s.mu.Unlock()
	data.Text = blockedTexts[reason]
	if data.Text == "" {
		data.Text = "This sign-in cannot go on. Start again from the application."
	}
	s.page(x, http.StatusOK, "blocked", data, p.request.redirectURI)
}
