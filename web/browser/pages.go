package browser

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
)

//go:embed layout.html pieces.html style.css script.js
var common embed.FS

// Pages are the templates of one room, with the layout and the pieces that all
// rooms share; see the package comment. It is safe for concurrent use.
type Pages struct {
	templates *template.Template
	style     template.CSS
	script    template.JS
}

// Frame is the part of a page's data that the layout shows. Data of a page
// embed it. Only Title is required; what the layout does not get, it leaves
// out.
type Frame struct {
	Title string
	// Wide is for pages with tables: the whole width, Nav at the side. Cards is
	// for pages that divide themselves into sections of class "card"; without
	// either the page is one card.
	Wide, Cards bool
	Nav         []NavItem
	// SignedInAs is a username. SignOut is the path that a form with the button
	// "sign-out" is posted to.
	SignedInAs, SignOut string
	// Notice is what came of the last action.
	Notice *Notice
	// Form is what each form repeats in its hidden field "form", from
	// [Forms.Token].
	Form string
	// KeepQuery leaves the query in the address bar. Elsewhere the script takes
	// it out at once: on the way back from Duo it holds the code (threat T045).
	KeepQuery bool
	// Poll is a path that the script asks every few seconds: status 204 means
	// that nothing has changed, 200 that the page is to be loaded again, anything
	// else ends it. Without JavaScript the page loads itself again.
	Poll string

	// Nonce, Style and Script are filled in by [Pages.Send].
	Nonce  string
	Style  template.CSS
	Script template.JS
}

// NavItem is a link to a page of the same room.
type NavItem struct {
	Label, Path string
	// Icon is a name that [Icon] knows, or empty.
	Icon string
	// Current marks where the reader is. Badge is a number of things that wait
	// for him there; 0 shows nothing.
	Current bool
	Badge   int
}

func (f *Frame) frame() *Frame { return f }

// Page is the data of a page: a pointer to a struct that embeds [Frame].
type Page interface{ frame() *Frame }

// NewPages reads the templates of a room, all files below the patterns. They
// may call the functions of [Functions].
func NewPages(room fs.FS, patterns ...string) (*Pages, error) {
	t, err := template.New("").Funcs(Functions()).ParseFS(common, "layout.html", "pieces.html")
	if err != nil {
		return nil, fmt.Errorf("browser: layout: %w", err)
	}
	if t, err = t.ParseFS(room, patterns...); err != nil {
		return nil, fmt.Errorf("browser: templates: %w", err)
	}
	style, err := common.ReadFile("style.css")
	if err != nil {
		return nil, fmt.Errorf("browser: style: %w", err)
	}
	script, err := common.ReadFile("script.js")
	if err != nil {
		return nil, fmt.Errorf("browser: script: %w", err)
	}
	// Both files are part of the program, not input.
	return &Pages{templates: t, style: template.CSS(style), script: template.JS(script)}, nil //nolint:gosec // embedded
}

// Send fills in a template and answers with it. When the template fails,
// nothing has been sent. What a connection that has gone says is not returned.
func (p *Pages) Send(w http.ResponseWriter, status int, name string, data Page) error {
	f := data.frame()
	f.Nonce, f.Style, f.Script = newNonce(), p.style, p.script
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("browser: page %s: %w", name, err)
	}
	setHeaders(w.Header(), f)
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
	return nil
}

// setHeaders tightens the policy for a page whose style and script carry the
// nonce (threats T044, T045, T049).
func setHeaders(h http.Header, f *Frame) {
	policy := "default-src 'none'; style-src 'nonce-" + f.Nonce + "'; script-src 'nonce-" + f.Nonce + "'; img-src 'none'; "
	if f.Poll != "" {
		policy += "connect-src 'self'; "
	}
	h.Set("Content-Security-Policy", policy+"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Robots-Tag", "noindex")
}

// newNonce is good for one page.
func newNonce() string {
	var b [18]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}
