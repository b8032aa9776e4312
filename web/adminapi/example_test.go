package adminapi_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"mfaserver/internal/audit/audittest"
	"mfaserver/mfa"
	"mfaserver/web/adminapi"
)

// From a network that is not one of the administrators' there is nothing.
func ExampleNew() {
	w := new(world)
	api, err := adminapi.New(adminapi.Config{
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Client: func(r *http.Request) mfa.Client {
			return mfa.Client{Addr: netip.MustParseAddrPort(r.RemoteAddr).Addr()}
		},
		Sessions: w, Roles: w, Operations: w, Recorder: new(audittest.Memory), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, from := range []string{"192.0.2.7:4711", "127.0.0.1:4711"} {
		r := httptest.NewRequest(http.MethodGet, adminapi.Base+"/users", nil)
		r.RemoteAddr = from
		r.Header.Set("X-Requested-With", "example")
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, r)
		fmt.Println(from, answer.Code)
	}
	// Output:
	// 192.0.2.7:4711 404
	// 127.0.0.1:4711 401
}
