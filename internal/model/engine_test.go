package model_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"mfaserver/internal/mirth"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/secret"
)

// engineFake is the engine behind a gateway.
type engineFake struct {
	g *gate

	mu        sync.Mutex
	passwords map[string]string
	numbers   map[string]int
	// sessions are the live ones, whose they are by cookie; cookies all that
	// there ever were.
	sessions map[string]string
	cookies  int
	// crossed are the users in whose name requests came through, strangers
	// the requests with a cookie that opens nothing.
	crossed   []string
	strangers int
}

func newEngine(g *gate) *engineFake {
	return &engineFake{g: g, passwords: make(map[string]string), numbers: make(map[string]int), sessions: make(map[string]string)}
}

func (e *engineFake) Login(_ context.Context, name string, password secret.Secret) (engine.Login, error) {
	return through(e.g, behind, "login", func() (engine.Login, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if p, ok := e.passwords[name]; !ok || p != password.Reveal() {
			return engine.Login{}, &engine.RefusedError{Status: mirth.StatusFail}
		}
		e.cookies++
		cookie := engineCookie(e.cookies)
		e.sessions[cookie] = name
		return engine.Login{Cookie: secret.New(cookie), Status: mirth.StatusSuccess}, nil
	})
}

// engineCookie is the n-th cookie of the engine.
func engineCookie(n int) string { return fmt.Sprintf("node0engine%06dcookie.node0", n) }

func (e *engineFake) CurrentUser(_ context.Context, cookie secret.Secret) (mirth.User, error) {
	return through(e.g, behind, "current user", func() (mirth.User, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		name, ok := e.sessions[cookie.Reveal()]
		if !ok {
			return mirth.User{}, engine.ErrNoSession
		}
		return mirth.User{ID: e.numbers[name], Username: name}, nil
	})
}

func (e *engineFake) Logout(_ context.Context, cookie secret.Secret) error {
	return e.g.run(behind, "logout", func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.sessions, cookie.Reveal())
		return nil
	})
}

func (e *engineFake) Version(context.Context) (string, error)   { return "4.5.2", nil }
func (e *engineFake) Status(context.Context) (mirth.Int, error) { return 0, nil }
func (e *engineFake) OpenAPI(context.Context) ([]byte, error)   { return []byte(`{}`), nil }

// RoundTrip answers what the gateway lets cross: who is signed in.
func (e *engineFake) RoundTrip(r *http.Request) (*http.Response, error) {
	res := &http.Response{
		StatusCode: http.StatusUnauthorized, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/xml"}}, Request: r,
	}
	err := e.g.run(behind, "request", func() error {
		e.mu.Lock()
		defer e.mu.Unlock()
		c, err := r.Cookie("JSESSIONID")
		name, ok := "", false
		if err == nil {
			name, ok = e.sessions[c.Value]
		}
		body := ""
		if !ok {
			e.strangers++
		} else {
			e.crossed = append(e.crossed, name)
			res.StatusCode = http.StatusOK
			body = "<user><username>" + name + "</username></user>"
		}
		res.Body, res.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// live counts the sessions of a user; of all when the name is empty.
func (e *engineFake) live(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, who := range e.sessions {
		if name == "" || who == name {
			n++
		}
	}
	return n
}

// took are the users of the requests that crossed since the last time.
func (e *engineFake) took() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	names := e.crossed
	e.crossed = nil
	return names
}
