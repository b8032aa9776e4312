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
	"strings"
)

//go:embed page/*.html page/style.css page/script.js
var pageFiles embed.FS

// plainHost is a host that can stand in a Content-Security-Policy; IPv6
// addresses cannot.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// pages are the templates with what every page has.
type pages struct {
	templates *template.Template
	words     *words
	style     template.CSS
	script    template.JS
	policy    string // the Content-Security-Policy but for form-action
}

// pageData is what the templates show.
type pageData struct {
	T           *words
	Style       template.CSS
	Script      template.JS
	Title, Text string
	Message     string
	Bad         bool
	Wide        bool // two columns where there is room

	Prompt *promptView
	Phone  *phonePageView
	List   *phoneListView
	Person string // whose link it is
	Code   string // of the portal
	Link   string
	QR     template.HTML
}

// Announce is where a message is read out: at once when it is bad news.
func (d pageData) Announce() string {
	if d.Bad {
		return "alert"
	}
	return "status"
}

// parsePages reads the embedded files.
func parsePages() (*pages, error) {
	t, err := template.New("").Funcs(template.FuncMap{"rich": rich, "say": say, "ids": marked, "dict": dict}).ParseFS(pageFiles, "page/*.html")
	if err != nil {
		return nil, fmt.Errorf("duotest: parse pages: %w", err)
	}
	style, err := pageFiles.ReadFile("page/style.css")
	if err != nil {
		return nil, fmt.Errorf("duotest: read pages: %w", err)
	}
	script, err := pageFiles.ReadFile("page/script.js")
	if err != nil {
		return nil, fmt.Errorf("duotest: read pages: %w", err)
	}
	return &pages{
		templates: t, words: english(), style: template.CSS(style), script: template.JS(script),
		policy: "default-src 'none'; style-src " + source(style) + "; script-src " + source(script) +
			"; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action ",
	}, nil
}

// source is an inline text for a Content-Security-Policy.
func source(text []byte) string {
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// say fills the names in braces of a text with values; parts are names and
// values by turns.
func say(text string, parts ...any) string {
	for i := 0; i+1 < len(parts); i += 2 {
		text = strings.ReplaceAll(text, "{"+fmt.Sprint(parts[i])+"}", fmt.Sprint(parts[i+1]))
	}
	return text
}

// rich is say with the values made strong.
func rich(text string, parts ...any) template.HTML {
	return fill(text, parts, func(string) string { return "<strong>" })
}

// marked is rich where the values have their names as ids.
func marked(text string, parts ...any) template.HTML {
	return fill(text, parts, func(name string) string { return `<strong id="` + template.HTMLEscapeString(name) + `">` })
}

// fill looks at the text once, so that no value is taken for a name.
func fill(text string, parts []any, open func(name string) string) template.HTML {
	var pairs []string
	for i := 0; i+1 < len(parts); i += 2 {
		name := fmt.Sprint(parts[i])
		pairs = append(pairs, template.HTMLEscapeString("{"+name+"}"), open(name)+template.HTMLEscapeString(fmt.Sprint(parts[i+1]))+"</strong>")
	}
	return template.HTML(strings.NewReplacer(pairs...).Replace(template.HTMLEscapeString(text)))
}

// dict hands several values to a template; parts are names and values by
// turns.
func dict(parts ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i+1 < len(parts); i += 2 {
		out[fmt.Sprint(parts[i])] = parts[i+1]
	}
	return out
}

// page renders a template as the answer. formTarget, when given, is where the
// page's forms may lead in the end.
func (s *Server) page(x *exchange, status int, name string, data pageData, formTarget ...string) {
	data.T, data.Style, data.Script = s.pages.words, s.pages.style, s.pages.script
	var out bytes.Buffer
	if err := s.pages.templates.ExecuteTemplate(&out, name+".html", data); err != nil {
		s.config.Logger.Error("page cannot be rendered", "page", name, "err", err)
		x.fail(http.StatusInternalServerError, 50000, "Internal error", "")
		return
	}
	x.status, x.object, x.body = status, nil, out.Bytes()
	forms := "'none'"
	if len(formTarget) > 0 {
		forms = "'self' " + formSource(formTarget[0])
	}
	for name, value := range map[string]string{
		"Content-Type":            "text/html; charset=utf-8",
		"Content-Security-Policy": s.pages.policy + forms,
		"X-Frame-Options":         "DENY",
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-store",
	} {
		x.header.Set(name, value)
	}
}

// tell answers with a page of a few words.
func (s *Server) tell(x *exchange, status int, n notice) {
	s.page(x, status, "message", pageData{Title: n.Title, Text: n.Text})
}

// sorry is tell for people who were about to sign in.
func (s *Server) sorry(x *exchange, status int, n notice) {
	s.page(x, status, "error", pageData{Title: n.Title, Text: n.Text})
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
