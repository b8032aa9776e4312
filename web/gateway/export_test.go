package gateway

import (
	"maps"
	"net/http"
	"slices"
)

// ErrNoTransfer is what the road says to a request that no transfer belongs to.
var ErrNoTransfer = errNoTransfer

// Road is the only way to the engine.
func (g *Gateway) Road() http.RoundTripper { return road{g} }

// NewCookie is the engine's cookie in an answer.
func NewCookie(h http.Header) (string, bool) { return newCookie(h) }

// Launcher reads a launcher's document as it is below base: what it names, and
// how it is for clients of home.
func Launcher(body []byte, base, home string) (files []string, ours []byte, err error) {
	j, err := parseLauncher(body, base)
	if err != nil {
		return nil, nil, err
	}
	ours, err = j.forUs(home).WriteToBytes()
	return slices.Sorted(maps.Keys(j.files)), ours, err
}
