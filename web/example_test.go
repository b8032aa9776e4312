package web_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"mfaserver/internal/throttle"
	"mfaserver/web"
)

// A server is an http.Handler; what stands behind it is handed to New.
func ExampleNew() {
	w := newWorld()
	limiter, err := throttle.New(throttle.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := web.New(web.Config{
		PublicURLs:    []string{"https://mirth.example.org:8443"},
		ServerVersion: "4.5.2",
		Logger:        slog.New(slog.DiscardHandler),
	}, web.Deps{
		Authenticator: w, Directory: directory{w}, Login: w, Prompts: w, Sessions: w,
		SessionKeeper: keeper{w}, Notes: w, SecondCalls: limiter, Recorder: w,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodPost, "/api/users/_login", strings.NewReader("username=admin&password=wrong"))
	r.Header.Set("X-Requested-With", "example")
	r.Header.Set("X-Mirth-Server-Url", "https://mirth.example.org:8443")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	fmt.Println(answer.Code)
	fmt.Println(answer.Body)
	// Output:
	// 401
	// <com.mirth.connect.model.LoginStatus>
	//   <status>FAIL</status>
	//   <message>Incorrect username or password.</message>
	// </com.mirth.connect.model.LoginStatus>
}

// Routes is the list that the OpenAPI document is held to.
func ExampleServer_Routes() {
	w := newWorld()
	limiter, err := throttle.New(throttle.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, err := web.New(w.config(), web.Deps{
		Authenticator: w, Directory: directory{w}, Login: w, Prompts: w, Sessions: w,
		SessionKeeper: keeper{w}, Notes: w, SecondCalls: limiter, Recorder: w,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range handler.Routes()[:4] {
		fmt.Println(r.Access, r.Path, r.Methods)
	}
	// Output:
	// public /users/_login [POST]
	// session /users/_logout [POST]
	// session /users/_inactivityLogout [POST]
	// session /users/current [GET HEAD OPTIONS]
}
