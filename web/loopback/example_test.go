package loopback_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"mfaserver/web/loopback"
)

// A browser is led to the prompt that a server wants confirmed.
func ExampleListener() {
	ctx := context.Background()
	l, err := loopback.Listen(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	l.Expect(loopback.Prompt{AuthURL: "https://duo.example/prompt", RedirectURI: l.URL() + "/api/4.5.2/extensions/mfa/duocallback", State: "..."})
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.StartURL(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	fmt.Println(strings.HasPrefix(l.URL(), "http://127.0.0.1:"), resp.StatusCode, resp.Header.Get("Location"))
	// Output: true 303 https://duo.example/prompt
}
