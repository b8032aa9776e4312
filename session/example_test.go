package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

// printer is an audit trail on standard output.
type printer struct{}

func (printer) Record(_ context.Context, e audit.Event) error {
	fmt.Println("audit:", e.Name, e.Username, e.Reason)
	return nil
}

// A session from the login to the logout.
func ExampleManager() {
	manager, err := session.New(session.Config{Store: session.NewMemoryStore(), Recorder: printer{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	// Both factors were right: the answer to the login sets the cookie.
	login := httptest.NewRequest(http.MethodPost, "/api/users/_login", http.NoBody)
	answer := httptest.NewRecorder()
	if _, err := manager.Start(ctx, answer, login, session.Session{Username: "alice", Reason: "user_approved"}); err != nil {
		fmt.Println(err)
		return
	}
	cookie := answer.Result().Cookies()[0]
	fmt.Println("cookie:", cookie.Name, len(cookie.Value), cookie.Path)

	// Later requests bring it back.
	request := httptest.NewRequest(http.MethodGet, "/api/users/current", http.NoBody)
	request.Header.Set("Cookie", cookie.Name+"="+cookie.Value)
	s, err := manager.Load(request)
	fmt.Println("loaded:", s.Username, err)

	// After the logout it opens nothing.
	if _, err := manager.End(ctx, httptest.NewRecorder(), request); err != nil {
		fmt.Println(err)
		return
	}
	_, err = manager.Load(request)
	fmt.Println("not found:", errors.Is(err, session.ErrNotFound))
	// Output:
	// audit: session.started alice user_approved
	// cookie: JSESSIONID 43 /api
	// loaded: alice <nil>
	// audit: session.ended alice logout
	// not found: true
}
