package web

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strconv"

	"mfaserver/internal/mirth"
)

// serverVersion serves GET server/version.
func (s *Server) serverVersion(w http.ResponseWriter, r *http.Request) {
	if !acceptsPlain(r) {
		empty(w, http.StatusNotAcceptable)
		return
	}
	sendBytes(w, "text/plain", []byte(s.cfg.ServerVersion))
}

// serverStatus serves GET server/status: 0 means that the server runs.
func (s *Server) serverStatus(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, mirth.Int(0), nil)
}

//go:embed pages/openapi.json
var openAPISource []byte

// openAPIDocument is the description of what is served.
func openAPIDocument() ([]byte, error) {
	var doc map[string]any
	if err := json.Unmarshal(openAPISource, &doc); err != nil {
		return nil, err
	}
	return openAPISource, nil
}

// serveOpenAPI serves GET openapi.json.
func (s *Server) serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	sendBytes(w, "application/json", s.openAPI)
}

func sendBytes(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}
