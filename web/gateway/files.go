package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"mfaserver/session"
)

var (
	errNoFile = errors.New("gateway: the engine has no such file")
	errFile   = errors.New("gateway: the engine's file is not as it must be")
)

// plainFile is a path of which every server has the same reading. Paths come
// from the engine's own documents; whoever asks only picks among them, so that
// no byte of a client without a session reaches the engine.
var plainFile = regexp.MustCompile(`^(?:/[0-9A-Za-z_][0-9A-Za-z._+-]*)+$`)

// maxDocument bounds the documents that name other files.
const maxDocument = 1 << 20

// PublicFile reports whether [Gateway.Files] is the one to answer a path below
// /api, decoded: it is the API explorer's, which browsers open without a
// session and without X-Requested-With.
func (g *Gateway) PublicFile(path string) bool {
	if !g.cfg.Public.Explorer {
		return false
	}
	if path == explorerPage || path == explorerPage+"index.html" {
		return true
	}
	for _, folder := range explorerFolders {
		if strings.HasPrefix(path, explorerPage+folder+"/") {
			return true
		}
	}
	return false
}

// serveFile finds the one file that a request names (threat T147).
func (g *Gateway) serveFile(w http.ResponseWriter, r *http.Request) {
	setSecurityHeaders(w.Header())
	name := r.URL.Path
	var serve func(http.ResponseWriter, *http.Request, string) error
	switch {
	case g.cfg.Public.Launcher && launches(name):
		serve = g.launcher.serve
	case g.PublicFile(name):
		serve = g.explorer.serve
	default:
		empty(w, http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		empty(w, http.StatusMethodNotAllowed)
		return
	}
	err := serve(w, r, name)
	switch {
	case err == nil:
	case errors.Is(err, errNoFile):
		empty(w, http.StatusNotFound)
	default:
		g.log.WarnContext(r.Context(), "public file not to be had of the engine",
			slog.String("request_id", g.cfg.RequestID(r.Context())), slog.Any("err", err))
		unavailable(w)
	}
}

// ask sends the engine a request for a file that holds nothing of anybody's.
func (g *Gateway) ask(ctx context.Context, method, file string) (*http.Response, error) {
	if file != explorerPage && !plainFile.MatchString(file) {
		return nil, errNoFile
	}
	u := *g.cfg.Target
	u.Path = file
	r, err := http.NewRequestWithContext(ctx, method, u.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("gateway: ask for a file: %w", err)
	}
	r.Header = http.Header{"Accept": {"*/*"}, "X-Requested-With": {requestedWith}, "User-Agent": {requestedWith}}
	res, err := g.cfg.Transport.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("gateway: ask for a file: %w", err)
	}
	g.answers()
	if res.StatusCode == http.StatusOK && res.Header.Get("Content-Encoding") == "" {
		return res, nil
	}
	_ = res.Body.Close() // nothing of it is used
	if res.StatusCode == http.StatusNotFound {
		return nil, errNoFile
	}
	return nil, fmt.Errorf("%w: status %d", errFile, res.StatusCode)
}

// document fetches a file whole.
func (g *Gateway) document(ctx context.Context, file string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	res, err := g.ask(ctx, http.MethodGet, file)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // it was read, or is of no use
	body, err := io.ReadAll(io.LimitReader(res.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("gateway: read a file: %w", err)
	case len(body) > maxDocument:
		return nil, fmt.Errorf("%w: longer than %d bytes", errFile, maxDocument)
	}
	return body, nil
}

// fileTypes are the types of the files that are passed on. The engine's own
// word for a type is not taken: a jar stays a jar.
var fileTypes = map[string]string{
	".jar": "application/java-archive", ".css": "text/css", ".js": "text/javascript", ".map": "application/json",
	".png": "image/png", ".gif": "image/gif", ".jpg": "image/jpeg", ".ico": "image/x-icon", ".svg": "image/svg+xml",
	".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".eot": "application/vnd.ms-fontobject",
}

// stream passes a file on as it comes. file is one of the engine's own words.
func (g *Gateway) stream(w http.ResponseWriter, r *http.Request, file string) error {
	contentType, ok := fileTypes[strings.ToLower(path.Ext(file))]
	if !ok {
		return errNoFile
	}
	select {
	case g.downloads <- struct{}{}:
		defer func() { <-g.downloads }()
	default:
		return errors.New("gateway: too many files under way")
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	t := &transfer{g: g, client: r, control: http.NewResponseController(w), cancel: cancel, session: session.Session{}}
	t.out = r.WithContext(ctx)
	t.stage.Store(int32(thinking))
	t.begin()
	defer t.finish()
	res, err := g.ask(ctx, r.Method, file)
	if err != nil {
		t.close()
		return err
	}
	defer res.Body.Close() //nolint:errcheck // it was read, or the connection is of no use
	h := w.Header()
	h.Set("Content-Type", contentType)
	for _, name := range []string{"Content-Length", "Last-Modified"} {
		if v := res.Header[name]; len(v) == 1 {
			h[name] = v
		}
	}
	t.stage.Store(int32(answering))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	_ = t.control.Flush() // the client learns that it comes; a failure shows in the copy
	if err := t.pass(w, res.Body, false); err != nil {
		panic(http.ErrAbortHandler) // so that nobody takes a piece for the whole
	}
	return nil
}

// lastModified says that a document that was made just now is as old as that.
func lastModified(h http.Header, now time.Time) {
	h.Set("Last-Modified", now.UTC().Format(http.TimeFormat))
}
