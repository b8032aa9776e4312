package duotest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"mfaserver/duoclient/duotest"
)

// A simulator that approves by itself: the authorize URL leads straight to the
// application.
func ExampleServer() {
	s, err := duotest.NewServer(duotest.Config{
		Auto:  duotest.Approve,
		Users: []duotest.User{{Name: "alice", Phones: []duotest.Phone{duotest.Smartphone("+17345550100")}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	k := s.Credentials()
	request := sign(claims{
		"client_id": k.ClientID, "duo_uname": "alice", "scope": "openid", "response_type": "code",
		"redirect_uri": "https://app.example/callback", "state": "0123456789abcdef0123456789abcdef",
		"exp": time.Now().Add(5 * time.Minute).Unix(), "use_duo_code_attribute": true,
	}, k.ClientSecret)
	query := url.Values{"client_id": {k.ClientID}, "response_type": {"code"}, "request": {request}}

	client := s.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Get(s.URL + duotest.EndpointAuthorize + "?" + query.Encode())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	callback, err := resp.Location()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Status)
	fmt.Println(callback.Host, callback.Path, callback.Query().Get("state"), len(callback.Query().Get("duo_code")))
	// Output:
	// 302 Found
	// app.example /callback 0123456789abcdef0123456789abcdef 32
}

// Faults make the simulator misbehave; here Duo is down for one call.
func ExampleServer_SetFaults() {
	s, err := duotest.NewServer(duotest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	s.SetFaults(duotest.Faults{HealthCheck: duotest.AnswerFaults{Status: http.StatusServiceUnavailable, First: 1}})
	for range 2 {
		resp, err := s.Client().PostForm(s.URL+duotest.EndpointHealthCheck, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		_ = resp.Body.Close()
		fmt.Println(resp.Status)
	}
	// Output:
	// 503 Service Unavailable
	// 400 Bad Request
}

// A person answers a push that an application sent by way of the Auth API.
func ExampleServer_AnswerPush() {
	s, err := duotest.NewServer(duotest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	fmt.Println(s.AnswerPush("test1", duotest.AnswerApprove))
	// Output: duotest: no push is waiting for "test1"
}

// A child account has users and an API host of its own.
func ExampleServer_AddAccount() {
	s, err := duotest.NewServer(duotest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	child, err := s.AddAccount(duotest.Child{Name: "Acme"})
	if err != nil {
		fmt.Println(err)
		return
	}
	child.AddUsers(2000, func(i int) duotest.User { return duotest.User{Name: fmt.Sprintf("user%04d", i)} })
	_, known := s.User("user0000")
	fmt.Println(child.CountUsers(), known, child.APIHost() != s.APIHost)
	// Output: 2000 false true
}
