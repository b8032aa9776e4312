package gateway

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"mfaserver/internal/mirth"
)

// Version answers GET server/version to everybody, from what the engine said
// within the last half minute (threat T143).
func (g *Gateway) Version(w http.ResponseWriter, r *http.Request) {
	if g.cfg.Public.HideVersion {
		setSecurityHeaders(w.Header())
		empty(w, http.StatusNotFound)
		return
	}
	if !takesPlain(r.Header["Accept"]) {
		setSecurityHeaders(w.Header())
		empty(w, http.StatusNotAcceptable)
		return
	}
	version, err := g.version.get(r.Context())
	g.public(w, r, "text/plain", []byte(version), err)
}

// Status answers GET server/status to everybody, in the same way.
func (g *Gateway) Status(w http.ResponseWriter, r *http.Request) {
	f, ok := mirth.Negotiate(r.Header["Accept"])
	if !ok {
		setSecurityHeaders(w.Header())
		empty(w, http.StatusNotAcceptable)
		return
	}
	status, err := g.status.get(r.Context())
	var body []byte
	if err == nil {
		body, err = mirth.Encode(f, status)
	}
	g.public(w, r, f.ContentType(), body, err)
}

// OpenAPI answers GET openapi.json to everybody, in the same way.
func (g *Gateway) OpenAPI(w http.ResponseWriter, r *http.Request) {
	doc, err := g.openAPI.get(r.Context())
	g.public(w, r, "application/json", doc, err)
}

// public sends what everybody may see. Nothing of r has gone into it.
func (g *Gateway) public(w http.ResponseWriter, r *http.Request, contentType string, body []byte, err error) {
	h := w.Header()
	setSecurityHeaders(h)
	switch {
	case err != nil:
		g.log.WarnContext(r.Context(), "public answer not to be had of the engine",
			slog.String("request_id", g.cfg.RequestID(r.Context())), slog.Any("err", err))
		unavailable(w)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		empty(w, http.StatusMethodNotAllowed)
	default:
		h.Set("Content-Type", contentType)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) //nolint:gosec // G705: never a page, and with nosniff; the client is gone when it fails
	}
}

// takesPlain reports whether the client takes text/plain: no Accept at all
// takes everything (RFC 9110 section 12.5.1).
func takesPlain(accept []string) bool {
	best, takes, named := 0, false, false
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		media, params, _ := strings.Cut(item, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		named = named || media != ""
		rank := map[string]int{"*/*": 1, "text/*": 2, "text/plain": 3}[media]
		if rank <= best {
			continue
		}
		best, takes = rank, true
		for p := range strings.SplitSeq(params, ";") {
			name, value, _ := strings.Cut(p, "=")
			if strings.EqualFold(strings.TrimSpace(name), "q") {
				q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				takes = err == nil && q > 0
			}
		}
	}
	return takes || !named
}
