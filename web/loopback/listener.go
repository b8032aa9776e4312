package loopback

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"mfaserver/web/browser"
)

//go:embed pages/*.html
var pageFiles embed.FS

// ErrListen means that no port could be opened on this machine.
var ErrListen = errors.New("loopback: cannot listen on this machine")

// Times of the listener. A page waits for the end of the sign-in no longer
// than the second call may take.
const (
	headerTime = 5 * time.Second
	answerTime = 75 * time.Second
	closeTime  = 3 * time.Second
)

// maxHeader is for a code of Duo and a browser's other headers.
const maxHeader = 32 << 10

// Prompt is what the browser is to be led to, and back from.
type Prompt struct {
	AuthURL string
	// RedirectURI is below the listener's URL, or another server's when
	// nothing is to come back here.
	RedirectURI string
	// State is what the browser must bring back.
	State string
	// Server and Username are shown on the page.
	Server, Username string
}

// Outcome is how a sign-in ended.
type Outcome int

// The outcomes.
const (
	Failed Outcome = iota
	SignedIn
	Refused
)

// Listener is one open port. It is safe for concurrent use.
type Listener struct {
	base   string
	host   string
	start  string
	pages  *browser.Pages
	server *http.Server

	mu     sync.Mutex // guards prompt and path
	prompt *Prompt
	path   string // of the redirect URI; empty when it is not here

	back    chan browser.Redirect // what came first
	came    sync.Once
	ended   chan struct{}
	ending  sync.Once
	outcome Outcome // set before ended is closed
}

// Listen opens a free port on 127.0.0.1, or on [::1] where there is no IPv4.
// Errors match [ErrListen].
func Listen(ctx context.Context) (*Listener, error) {
	pages, err := browser.NewPages(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrListen, err)
	}
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		var second error
		if socket, second = config.Listen(ctx, "tcp6", "[::1]:0"); second != nil {
			return nil, fmt.Errorf("%w: %w", ErrListen, errors.Join(err, second))
		}
	}
	l := &Listener{
		host: socket.Addr().String(), base: "http://" + socket.Addr().String(),
		start: "/" + rand.Text(), pages: pages,
		back: make(chan browser.Redirect, 1), ended: make(chan struct{}),
	}
	l.server = &http.Server{
		Handler: l, ReadHeaderTimeout: headerTime, ReadTimeout: headerTime, WriteTimeout: answerTime + headerTime, MaxHeaderBytes: maxHeader,
	}
	go func() { _ = l.server.Serve(socket) }() // until Close
	return l, nil
}

// URL is where the listener is: http://127.0.0.1:PORT.
func (l *Listener) URL() string { return l.base }

// StartURL is the address to open in the browser. It leads on to the prompt,
// whose own address holds the state and is no argument of a command.
func (l *Listener) StartURL() string { return l.base + l.start }

// Expect says which prompt to lead to and what must come back.
func (l *Listener) Expect(p Prompt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prompt = &p
	l.path = ""
	if u, err := url.Parse(p.RedirectURI); err == nil && u.Scheme == "http" && u.Host == l.host {
		l.path = u.EscapedPath()
	}
}

// Wait returns what Duo sent back with the browser.
func (l *Listener) Wait(ctx context.Context) (browser.Redirect, error) {
	select {
	case in := <-l.back:
		return in, nil
	case <-ctx.Done():
		return browser.Redirect{}, ctx.Err()
	}
}

// Finish says how it ended; the page that waits shows it. Only the first call
// counts.
func (l *Listener) Finish(o Outcome) {
	l.ending.Do(func() {
		l.outcome = o
		close(l.ended)
	})
}

// Close closes the port when the page that waits has been sent, or after three
// seconds. A sign-in that was not finished has failed.
func (l *Listener) Close() {
	l.Finish(Failed)
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if l.server.Shutdown(ctx) != nil {
		_ = l.server.Close() // the browser does not take its page
	}
}
