package web_test

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"mfaserver/web"
)

// A room answers below its path, once, behind the request policy; what it
// turns away looks like any path that is not there (threat T155).
func TestRooms(t *testing.T) {
	t.Parallel()
	const path = "/api/extensions/mfa/admin/v1"
	seen := make(chan string, 10)
	clients := web.Clients([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	w := newWorld()
	d := w.deps(t)
	d.Rooms = []web.Room{{Path: path, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		c := clients(r)
		seen <- r.URL.Path + " " + c.Addr.String()
		if c.RequestID == "" {
			t.Error("the request has no id")
		}
		rw.Header().Set("Content-Length", "0")
		rw.WriteHeader(http.StatusNotFound)
	})}}
	h, err := web.New(w.config(), d)
	must(t, err)
	s := serveSite(t, h, w.config().Logger)
	got := s.send(t, "GET", path+"/users", "", "X-Forwarded-For", home)
	if where := <-seen; where != path+"/users "+home {
		t.Errorf("the room saw %s", where)
	}
	sameAnswer(t, "turned away", got, s.send(t, "GET", "/api/nothing", ""))
	if got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control = %q", got.Header.Get("Cache-Control"))
	}
	for _, target := range []string{"/api/4.5.2/extensions/mfa/admin/v1/users", path, path + "x/users", path + "//users", path + "/../v1/users", path + "/%75sers", path + "/a;b"} {
		s.send(t, "GET", target, "")
	}
	s.send(t, "TRACE", path+"/users", "")
	if len(seen) != 0 {
		t.Errorf("the room saw %s too", <-seen)
	}
	for _, room := range []web.Room{
		{Path: path}, {Path: "/admin", Handler: h}, {Path: path + "/", Handler: h}, {Path: "/api/../x", Handler: h}, {Handler: h},
	} {
		d.Rooms = []web.Room{room}
		if _, err := web.New(w.config(), d); !errors.Is(err, web.ErrConfig) {
			t.Errorf("room at %q: New = %v, want %v", room.Path, err, web.ErrConfig)
		}
	}
	if !strings.Contains(w.logged(), `"route":"`+path+`"`) {
		t.Error("the log does not name the room")
	}
}
