package gateway

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/beevik/etree"
)

// Where the engine keeps the launcher of its desktop client.
const (
	launcherPage     = "/webstart.jnlp"
	launcherAlias    = "/webstart"
	launcherRoot     = "/webstart/"
	launcherIcons    = "/images/"
	launcherPlugins  = "/webstart/extensions/"
	launcherLibs     = "/webstart/extensions/libs/"
	launcherType     = "application/x-java-jnlp-file;charset=utf-8"
	maxPluginsCached = 512
)

// launcher serves the desktop client's launcher: the document that names
// everything else, those of the plug-ins, and the archives that they name.
type launcher struct {
	g    *Gateway
	main *cached[*jnlp]

	mu      sync.Mutex // guards plugins
	plugins map[string]*cached[*jnlp]
}

// jnlp is a launcher's document.
type jnlp struct {
	doc *etree.Document
	// files are the absolute paths of what it names.
	files map[string]bool
}

func newLauncher(g *Gateway) *launcher {
	l := &launcher{g: g, plugins: make(map[string]*cached[*jnlp])}
	l.main = newCached(g.cfg.Now, func(ctx context.Context) (*jnlp, error) { return l.fetch(ctx, launcherPage, "/") })
	return l
}

// launches reports whether a path may be the launcher's.
func launches(name string) bool {
	return name == launcherPage || name == launcherAlias || strings.HasPrefix(name, launcherRoot) || strings.HasPrefix(name, launcherIcons)
}

// fetch gets a document and lists what it names, relative to base.
func (l *launcher) fetch(ctx context.Context, file, base string) (*jnlp, error) {
	body, err := l.g.document(ctx, file)
	if err != nil {
		return nil, err
	}
	return parseLauncher(body, base)
}

// parseLauncher reads a document and lists what it names, relative to base.
func parseLauncher(body []byte, base string) (*jnlp, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(body); err != nil {
		return nil, fmt.Errorf("%w: %w", errFile, err)
	}
	for _, child := range doc.Child {
		if _, ok := child.(*etree.Directive); ok {
			return nil, fmt.Errorf("%w: a document type in it", errFile)
		}
	}
	root := doc.Root()
	if root == nil || root.Tag != "jnlp" || root.Space != "" {
		return nil, fmt.Errorf("%w: no launcher document", errFile)
	}
	j := &jnlp{doc: doc, files: make(map[string]bool)}
	for _, e := range root.FindElements("//[@href]") {
		if href := e.SelectAttrValue("href", ""); relative(href) {
			j.files[path.Join(base, href)] = true
		}
	}
	return j, nil
}

// relative reports whether href is a plain path below the document's folder.
func relative(href string) bool { return plainFile.MatchString("/" + href) }

// serve answers for one path of the launcher.
func (l *launcher) serve(w http.ResponseWriter, r *http.Request, name string) error {
	main, err := l.main.get(r.Context())
	if err != nil {
		return err
	}
	switch {
	case name == launcherPage || name == launcherAlias:
		return l.send(w, main.forUs(l.g.home(r)), "webstart.jnlp")
	case strings.HasPrefix(name, launcherLibs):
		return l.serveLibrary(w, r, main, name)
	case !main.files[name]:
		return errNoFile
	case strings.HasSuffix(name, ".jnlp"):
		plugin, err := l.plugin(name).get(r.Context())
		if err != nil {
			return err
		}
		return l.send(w, plugin.doc, path.Base(name))
	default:
		return l.g.stream(w, r, name)
	}
}

// serveLibrary serves an archive that the document of a plug-in names.
func (l *launcher) serveLibrary(w http.ResponseWriter, r *http.Request, main *jnlp, name string) error {
	folder, _, _ := strings.Cut(strings.TrimPrefix(name, launcherLibs), "/")
	document := launcherPlugins + folder + ".jnlp"
	if !main.files[document] {
		return errNoFile
	}
	plugin, err := l.plugin(document).get(r.Context())
	if err != nil {
		return err
	}
	if !plugin.files[name] {
		return errNoFile
	}
	return l.g.stream(w, r, name)
}

// plugin returns the document of a plug-in that the main one names.
func (l *launcher) plugin(document string) *cached[*jnlp] {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.plugins[document]
	if c == nil {
		if len(l.plugins) >= maxPluginsCached {
			clear(l.plugins)
		}
		c = newCached(l.g.cfg.Now, func(ctx context.Context) (*jnlp, error) { return l.fetch(ctx, document, launcherPlugins) })
		l.plugins[document] = c
	}
	return c
}

func (l *launcher) send(w http.ResponseWriter, doc *etree.Document, name string) error {
	body, err := doc.WriteToBytes()
	if err != nil {
		return fmt.Errorf("gateway: write a launcher document: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", launcherType)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	lastModified(h, l.g.cfg.Now())
	_, _ = w.Write(body) // the client is gone when this fails
	return nil
}

// forUs returns a copy in which the client is told to come to home: the
// codebase, from which it loads, and the argument that names its server.
func (j *jnlp) forUs(home string) *etree.Document {
	doc := j.doc.Copy()
	root := doc.Root()
	root.CreateAttr("codebase", home)
	root.RemoveAttr("href")
	for _, e := range root.FindElements("./application-desc/argument") {
		if text := strings.ToLower(strings.TrimSpace(e.Text())); strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
			e.SetText(home)
		}
	}
	return doc
}

// home is the public URL whose host the client asked, or the first. Nothing
// else of what it said is used (threat T022).
func (g *Gateway) home(r *http.Request) string {
	for _, u := range g.cfg.PublicURLs {
		if strings.EqualFold(u, "https://"+strings.TrimSuffix(r.Host, ":443")) {
			return u
		}
	}
	return g.cfg.PublicURLs[0]
}
