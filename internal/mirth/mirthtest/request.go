package mirthtest

import (
	"net/http"
	"time"
)

// Request is one request as the engine's HTTP parser saw it. For what was on
// the wire see [Server.Bytes].
type Request struct {
	Method string
	// Target is the request target, as it was sent.
	Target string
	Proto  string
	Host   string
	Header http.Header
	// Body is the first 64 KiB of the body; Size is its whole length.
	Body []byte
	Size int64
	// User is the username that the session or the credentials stood for,
	// empty when there was none.
	User string
	// Status is the status code that was answered, 0 while there is none.
	Status int
	// Connection counts the connections since the server was made.
	Connection int
	At         time.Time
}
