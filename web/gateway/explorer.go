package gateway

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strconv"
)

// explorerPage is the path of the engine's API explorer.
const explorerPage = "/api/"

// explorerFolders hold what the page needs; no resource of the API is called
// so.
var explorerFolders = []string{"css", "lib", "images", "fonts", "lang"}

// explorerPolicy lets the engine's page run its own scripts, which stand in
// it, and load nothing from elsewhere.
const explorerPolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

var (
	pageRefs  = regexp.MustCompile(`(?i)\b(?:href|src)\s*=\s*["']([0-9A-Za-z._/-]+)["']`)
	styleRefs = regexp.MustCompile(`(?i)\burl\(\s*["']?([0-9A-Za-z._/-]+)(?:[?#][^"')]*)?["']?\s*\)`)
)

// maxStyles is how many style sheets are searched for what they name.
const maxStyles = 32

// explorer serves the engine's API explorer: its page, and what that names.
type explorer struct {
	g    *Gateway
	site *cached[*site]
}

type site struct {
	page  []byte
	files map[string]bool
}

func newExplorer(g *Gateway) *explorer {
	x := &explorer{g: g}
	x.site = newCached(g.cfg.Now, x.fetch)
	return x
}

// fetch gets the page and its style sheets, and lists what they name.
func (x *explorer) fetch(ctx context.Context) (*site, error) {
	page, err := x.g.document(ctx, explorerPage)
	if err != nil {
		return nil, err
	}
	s := &site{page: page, files: make(map[string]bool)}
	styles := s.add(explorerPage, pageRefs, page)
	for _, file := range styles[:min(len(styles), maxStyles)] {
		style, err := x.g.document(ctx, file)
		if err != nil {
			continue // the page is there without
		}
		s.add(path.Dir(file), styleRefs, style)
	}
	if len(s.files) == 0 {
		return nil, fmt.Errorf("%w: a page that names nothing", errFile)
	}
	return s, nil
}

// add lists what a text names and returns the style sheets among it.
func (s *site) add(base string, refs *regexp.Regexp, text []byte) (styles []string) {
	for _, m := range refs.FindAllSubmatch(text, -1) {
		file := path.Join(base, string(m[1]))
		if m[1][0] == '/' || !plainFile.MatchString(file) || s.files[file] {
			continue
		}
		s.files[file] = true
		if path.Ext(file) == ".css" {
			styles = append(styles, file)
		}
	}
	return styles
}

// serve answers for one path of the explorer.
func (x *explorer) serve(w http.ResponseWriter, r *http.Request, name string) error {
	s, err := x.site.get(r.Context())
	if err != nil {
		return err
	}
	if name == explorerPage || name == explorerPage+"index.html" {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Length", strconv.Itoa(len(s.page)))
		h.Set("Content-Security-Policy", explorerPolicy)
		_, _ = w.Write(s.page) // the client is gone when this fails
		return nil
	}
	if !s.files[name] || !x.g.PublicFile(name) {
		return errNoFile
	}
	return x.g.stream(w, r, name)
}
