package gateway

import (
	"net/http"

	"mfaserver/session"
)

// Gateway stands between signed-in clients and the engine. It is no
// [http.Handler] itself, so that nobody mounts it without a session. It is
// safe for concurrent use.
type Gateway struct {
	cfg Config
}

// New checks the configuration; errors match [ErrConfig]. It asks nobody.
func New(c Config) (*Gateway, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Gateway{cfg: c}, nil
}

// DeniedError is how an [Access] refuses. Reason is a constant of its own, for
// the client and the audit trail.
type DeniedError struct{ Reason string }

// Error implements error.
func (e *DeniedError) Error() string { return "gateway: denied: " + e.Reason }

// Serve forwards r for the session s, which the caller has found for r just
// now. Without one it answers 500 and forwards nothing (threat T129).
func (g *Gateway) Serve(w http.ResponseWriter, r *http.Request, s session.Session) {
	w.WriteHeader(http.StatusNotImplemented)
}

// Version answers GET server/version to everybody.
func (g *Gateway) Version(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusNotImplemented)
}

// Status answers GET server/status to everybody.
func (g *Gateway) Status(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusNotImplemented)
}

// OpenAPI answers GET openapi.json to everybody.
func (g *Gateway) OpenAPI(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusNotImplemented)
}

// Files answers what is outside of the API, and the API explorer: the few
// public files that are configured, and 404 for everything else.
func (g *Gateway) Files() http.Handler {
	return http.NotFoundHandler()
}
