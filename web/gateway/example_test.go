package gateway_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/mirth/engine"
	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/secret"
	"mfaserver/session"
	"mfaserver/web/gateway"
)

// A request of a signed-in client, passed on to the engine with the engine's
// own session.
func Example() {
	upstream := mirthtest.NewServer(mirthtest.Config{})
	defer upstream.Close()
	client, err := engine.New(engine.Config{URL: upstream.URL, CA: upstream.CAPool()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	trail := &audittest.Memory{}
	sessions, err := session.New(session.Config{Store: session.NewMemoryStore(), Recorder: trail})
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := gateway.New(gateway.Config{
		Target: client.Base(), Transport: client.Transport(), Engine: client,
		Client:  func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.7") },
		Cookies: plainCookies{}, Sessions: sessions, Recorder: trail, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	r := httptest.NewRequest(http.MethodGet, "/api/users/1/loggedIn", http.NoBody)
	r.Header.Set("X-Requested-With", "example")
	r.Header.Set("Authorization", "Basic YWRtaW46YWRtaW4=") // which does not cross
	login, err := client.Login(r.Context(), "admin", secret.New("admin"))
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	s, err := sessions.Start(r.Context(), w, r, session.Session{Username: "admin", Carry: []byte(login.Cookie.Reveal())})
	if err != nil {
		fmt.Println(err)
		return
	}

	w = httptest.NewRecorder()
	g.Serve(w, r, s)
	body, _ := io.ReadAll(w.Result().Body)
	fmt.Println(w.Code, string(body))
	// Output: 200 <boolean>true</boolean>
}
