package adminapi_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/adminops"
	"mfaserver/internal/audit/audittest"
	"mfaserver/web/adminapi"
)

const alice = "DU00000000000000000X"

// What an operation is told comes from the request and the session, in their
// places.
func TestCallIsReadFromTheRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.send(t, "POST", "/users/"+alice+"/bypass-codes?org=clinic-a", `{"count":1}`)
	s.send(t, "DELETE", "/users/"+alice+"/phones/DP00000000000000000Y?reason=lost&ticket=1", "")
	s.send(t, "GET", "/users?username=a&limit=5&offset=2", "")
	if s.count() != 3 {
		t.Fatalf("%d calls", s.count())
	}
	first, second, third := s.calls[0], s.calls[1], s.calls[2]
	if first.Operation != "bypass.create" || first.Org != "clinic-a" || first.ID["user_id"] != alice || first.Body.Reveal() != `{"count":1}` || len(first.Query) != 0 {
		t.Errorf("first call = %+v", first)
	}
	a := first.Actor
	if a.Name != "helen" || a.Source.String() != "127.0.0.1" || a.UserAgent != "test/1" || a.RequestID != "req-1" || len(a.Session) != 12 {
		t.Errorf("actor = %+v", a)
	}
	if second.Operation != "phones.unassign" || second.ID["phone_id"] != "DP00000000000000000Y" || second.Query.Get("reason") != "lost" || second.Query.Get("ticket") != "1" {
		t.Errorf("second call = %+v", second)
	}
	if third.Operation != "users.list" || third.Query.Encode() != "username=a" || third.Org != "" {
		t.Errorf("third call = %+v", third)
	}
}

// Threats T023, T025, T156, T183: a request that has two readings, or that a
// page of another site could make, is no request.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, tt := range []struct {
		method, target, body string
		headers              []string
		status               int
	}{
		{"POST", "/users", "{}", []string{"Content-Type", "text/plain"}, 415},
		{"POST", "/users", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"POST", "/users", "{}", []string{"Content-Type", "multipart/form-data; boundary=x"}, 415},
		{"POST", "/users", "{}", []string{"Content-Type", "application/json; charset=utf-16"}, 415},
		{"POST", "/users", "{}", []string{"Content-Type", "application/json; x=y"}, 415},
		{"POST", "/users", "{}", []string{"Content-Encoding", "gzip"}, 415},
		{"POST", "/users", "{}", []string{"Content-Type", ""}, 415},
		{"POST", "/users", `{"notes":"` + strings.Repeat("x", 64<<10) + `"}`, nil, 413},
		{"DELETE", "/users/" + alice, `{"reason":"x"}`, nil, 400},
		{"GET", "/users?org=", "", nil, 400},
		{"GET", "/users?org=a&org=b", "", nil, 400},
		{"GET", "/users?username=%zz", "", nil, 400},
		{"GET", "/users?a;b", "", nil, 400},
		{"GET", "/users/short", "", nil, 404},
		{"GET", "/users/DU0000000000000000%2FX", "", nil, 404},
		{"GET", "/users/DU00000000000000000-", "", nil, 404},
		{"GET", "/Users", "", nil, 404},
		{"HEAD", "/users", "", nil, 405},
		{"OPTIONS", "/users", "", nil, 405},
		{"PUT", "/users/" + alice, "{}", nil, 405},
		{"POST", "/users/report", "{}", nil, 405},
		{"POST", "/users", "{}", []string{"X-HTTP-Method-Override", "DELETE", "Content-Type", "text/plain"}, 415},
	} {
		got := s.send(t, tt.method, tt.target, tt.body, tt.headers...)
		if got.StatusCode != tt.status {
			t.Errorf("%s %s %.20q %q = %d %s, want %d", tt.method, tt.target, tt.body, tt.headers, got.StatusCode, got.body, tt.status)
		}
	}
	if n := s.count(); n != 0 {
		t.Errorf("%d operations were reached", n)
	}
	if got := s.send(t, "POST", "/users", "{}", "Content-Type", "application/json; charset=UTF-8"); got.StatusCode != 200 {
		t.Errorf("JSON in UTF-8 = %d", got.StatusCode)
	}
}

// Threat T156: reading never changes anything.
func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, r := range s.api.Routes() {
		if r.Changes == (r.Method == http.MethodGet) {
			t.Errorf("%s %s: changes %t", r.Method, r.Path, r.Changes)
		}
	}
}

// Threat T157: a refusal that cannot be recorded is a refusal still.
func TestRefusalNotRecorded(t *testing.T) {
	t.Parallel()
	trail := new(audittest.Memory)
	trail.Fail(-1)
	s := newSite(t, func(w *world) { w.recorder = trail })
	if got := s.as(t, userID, "GET", "/users", ""); got.StatusCode != 503 || s.count() != 0 {
		t.Errorf("= %d %s, want 503", got.StatusCode, got.body)
	}
}

// other is an operation list that has lost, gained or mixed something up.
type other struct {
	*world
	change func([]adminops.Operation) []adminops.Operation
}

func (o other) Known() []adminops.Operation { return o.change(o.world.Known()) }

// Threat T157: a route without operation, or an operation without route, does
// not start.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	w := new(world)
	for name, change := range map[string]func([]adminops.Operation) []adminops.Operation{
		"operation without route": func(all []adminops.Operation) []adminops.Operation {
			return append(all, adminops.Operation{Name: "users.burn"})
		},
		"route without operation": func(all []adminops.Operation) []adminops.Operation { return all[1:] },
		"change behind GET": func(all []adminops.Operation) []adminops.Operation {
			all[0].Changes = true
			return all
		},
		"id that the path lacks": func(all []adminops.Operation) []adminops.Operation {
			all[0].IDs = []string{"user_id"}
			return all
		},
	} {
		c := w.config()
		c.Operations = other{w, change}
		if _, err := adminapi.New(c); !errors.Is(err, adminapi.ErrConfig) {
			t.Errorf("%s: New = %v, want %v", name, err, adminapi.ErrConfig)
		}
	}
	if _, err := adminapi.New(adminapi.Config{}); !errors.Is(err, adminapi.ErrConfig) {
		t.Errorf("New of nothing = %v, want %v", err, adminapi.ErrConfig)
	}
}

// A change that was begun is done when the client goes away; what only reads
// stops.
func TestClientGoesAway(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, target, body string
		ends                 bool
	}{
		{"POST", "/users", "{}", false},
		{"GET", "/users", "", true},
		{"GET", "/users/report", "", true},
	} {
		begun, gone, seen := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		s := newSite(t, func(w *world) {
			w.do = func(ctx context.Context, _ adminops.Call) (adminops.Result, error) {
				close(begun)
				<-gone
				if tt.ends {
					<-ctx.Done()
				}
				seen <- ctx.Err()
				return adminops.Result{}, ctx.Err()
			}
		})
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
		must(t, err)
		_, err = fmt.Fprintf(conn, "%s %s%s HTTP/1.1\r\nHost: x\r\nX-Requested-With: x\r\nContent-Type: application/json\r\nCookie: JSESSIONID=%s\r\nContent-Length: %d\r\n\r\n%s",
			tt.method, adminapi.Base, tt.target, adminID, len(tt.body), tt.body)
		must(t, err)
		<-begun
		must(t, conn.Close())
		close(gone)
		if err := <-seen; (err != nil) != tt.ends {
			t.Errorf("%s %s: context = %v, want it ended: %t", tt.method, tt.target, err, tt.ends)
		}
	}
}

// A stream outlives the deadlines that the server has for everybody else, over
// both versions of HTTP.
func TestStreamOutlivesDeadlines(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			next := make(chan struct{})
			w := newSite(t, func(w *world) {
				w.do = func(ctx context.Context, _ adminops.Call) (adminops.Result, error) {
					return adminops.Result{Items: func(yield func(any, error) bool) {
						for i := range 3 {
							<-next
							if ctx.Err() != nil {
								yield(nil, ctx.Err())
								return
							}
							if !yield(i, nil) {
								return
							}
						}
					}}, nil
				}
			})
			server := httptest.NewUnstartedServer(w.api)
			const deadline = 200 * time.Millisecond
			server.Config.ReadTimeout, server.Config.WriteTimeout = deadline, deadline
			server.EnableHTTP2 = version == "HTTP/2.0"
			if !server.EnableHTTP2 {
				server.TLS = &tls.Config{NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
			}
			server.StartTLS()
			t.Cleanup(server.Close)
			r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+adminapi.Base+"/users/report", nil)
			must(t, err)
			r.Header.Set("X-Requested-With", "x")
			r.Header.Set("Cookie", "JSESSIONID="+adminID)
			go func() {
				for range 3 {
					time.Sleep(deadline + deadline/2) // longer than the deadlines that must not count
					next <- struct{}{}
				}
			}()
			resp, err := server.Client().Do(r)
			must(t, err)
			defer resp.Body.Close() //nolint:errcheck // everything was read
			body, err := io.ReadAll(bufio.NewReader(resp.Body))
			if err != nil || resp.Proto != version || string(body) != `{"items":[0,1,2],"complete":true}` {
				t.Errorf("%s = %s, %v", resp.Proto, body, err)
			}
		})
	}
}
