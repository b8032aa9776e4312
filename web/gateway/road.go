package gateway

import (
	"errors"
	"log/slog"
	"net/http"
)

// What an engine must not answer.
var (
	errNoTransfer = errors.New("gateway: no session was found for the request")
	errSwitched   = errors.New("gateway: the engine switched protocols")
	errStatus     = errors.New("gateway: the engine answered with no status that is final")
	errRedirect   = errors.New("gateway: the engine redirects elsewhere")
)

// road is the only way to the engine. It is closed to requests that no
// transfer belongs to.
type road struct{ g *Gateway }

// RoundTrip implements [http.RoundTripper].
func (rd road) RoundTrip(r *http.Request) (*http.Response, error) {
	t := transferOf(r.Context())
	if t == nil || t.g != rd.g || t.session.Username == "" || len(r.Header["Cookie"]) != 1 {
		return nil, errNoTransfer
	}
	r.GetBody = nil // nothing is sent twice (threat T151)
	res, err := rd.g.cfg.Transport.RoundTrip(r)
	if err != nil {
		return nil, wordless(err)
	}
	rd.g.answers()
	return res, nil
}

// answers notes that the engine answers.
func (g *Gateway) answers() {
	if g.down.Load() && g.down.CompareAndSwap(true, false) {
		g.log.Info("the engine answers again")
	}
}

// silent notes that it does not, once.
func (g *Gateway) silent(err error) {
	if g.down.CompareAndSwap(false, true) {
		g.log.Warn("the engine does not answer", slog.Any("err", err))
	}
}
