package adminapi

import (
	_ "embed" // the document
	"net/http"
	"strconv"
)

// openAPIDocument describes the API. A test makes it of the routes and their
// operations and holds it to them.
//
//go:embed openapi.json
var openAPIDocument []byte

// document serves GET openapi.json.
func (c *call) document() {
	if c.r.URL.RawQuery != "" {
		c.fail(*invalid("This takes no parameters."))
		return
	}
	c.headers()
	c.w.Header().Set("Content-Length", strconv.Itoa(len(c.api.openAPI)))
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(c.api.openAPI)
}
