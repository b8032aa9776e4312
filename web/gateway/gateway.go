package gateway

import (
	"log/slog"
	"net/http"
	"sync/atomic"

	"mfaserver/internal/mirth"
)

// Gateway stands between signed-in clients and the engine. It is no
// [http.Handler] itself, so that nobody mounts it without a session. It is
// safe for concurrent use.
type Gateway struct {
	cfg      Config
	log      *slog.Logger
	request  map[string]bool // headers that cross, true for those of one value
	response map[string]bool // headers that cross back
	rotated  *rotations
	buffers  *buffers
	watch    watch
	down     atomic.Bool

	version   *cached[string]
	status    *cached[mirth.Int]
	openAPI   *cached[[]byte]
	launcher  *launcher
	explorer  *explorer
	downloads chan struct{} // one for each public file under way
}

// maxDownloads is how many public files are under way at a time: whoever asks
// for them has shown nothing of himself.
const maxDownloads = 32

// New checks the configuration; errors match [ErrConfig]. It asks nobody.
func New(c Config) (*Gateway, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		cfg:       c,
		log:       c.Logger,
		request:   allowed(requestHeaders, c.RequestHeaders),
		response:  allowed(responseHeaders, c.ResponseHeaders),
		watch:     watch{tick: min(watchEvery, c.Limits.Idle/4)},
		version:   newCached(c.Now, c.Engine.Version),
		status:    newCached(c.Now, c.Engine.Status),
		openAPI:   newCached(c.Now, c.Engine.OpenAPI),
		downloads: make(chan struct{}, maxDownloads),
		buffers:   &buffers{},
		rotated:   new(rotations),
	}
	if before := c.Follows; before != nil {
		g.rotated, g.downloads = before.rotated, before.downloads
		g.cfg.Follows = nil // it can go
	}
	g.launcher = newLauncher(g)
	g.explorer = newExplorer(g)
	return g, nil
}

// DeniedError is how an [Access] refuses. Reason is a constant of its own, for
// the client and the audit trail.
type DeniedError struct{ Reason string }

// Error implements error.
func (e *DeniedError) Error() string { return "gateway: denied: " + e.Reason }

// Files answers what is outside of the API, and the API explorer: the few
// public files that are configured, and 404 for everything else.
func (g *Gateway) Files() http.Handler { return http.HandlerFunc(g.serveFile) }
