package gateway

import "net/http"

// ErrNoTransfer is what the road says to a request that no transfer belongs to.
var ErrNoTransfer = errNoTransfer

// Road is the only way to the engine.
func (g *Gateway) Road() http.RoundTripper { return road{g} }
