package mirthtest_test

import (
	"fmt"
	"net/http"
	"net/url"

	"mfaserver/internal/mirth/mirthtest"
)

func Example() {
	s := mirthtest.NewServer(mirthtest.Config{
		Users: []mirthtest.User{{Name: "ada", Password: "secret"}},
	})
	defer s.Close()

	q, err := http.NewRequest(http.MethodPost, s.URL+"/api/users/_login", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	q.URL.RawQuery = url.Values{"username": {"ada"}, "password": {"secret"}}.Encode()
	q.Header.Set("X-Requested-With", "example")
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.Client().Do(q)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = resp.Body.Close()
	fmt.Println(resp.Status, s.LiveSession("ada"), s.Requests()[0].Method)
	// Output: 200 OK true POST
}
