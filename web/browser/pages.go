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

//go:embed layout.html style.css script.js
var common embed.FS

// Pages are the templates of one room, with the layout that all rooms share:
// "head" and "foot". It is safe for concurrent use.
type Pages struct {
	templates *template.Template
	style     template.CSS
	script    template.JS
}

// Frame is the part of a page's data that the layout shows. Data of a page
// embed it. All but Title is filled in by [Pages.Send].
type Frame struct {
	Title  string
	Nonce  string
	Style  template.CSS
	Script template.JS
}

func (f *Frame) frame() *Frame { return f }

// Page is the data of a page: a pointer to a struct that embeds [Frame].
type Page interface{ frame() *Frame }

// NewPages reads the templates of a room, all files below the pattern.
func NewPages(room fs.FS, pattern string) (*Pages, error) {
	t, err := template.ParseFS(common, "layout.html")
	if err != nil {
		return nil, fmt.Errorf("browser: layout: %w", err)
	}
	if t, err = t.ParseFS(room, pattern); err != nil {
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
	setHeaders(w.Header(), f.Nonce)
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
	return nil
}

// setHeaders tightens the policy for a page whose style and script carry
// nonce (threats T044, T045, T049).
func setHeaders(h http.Header, nonce string) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+
		"'; img-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
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
