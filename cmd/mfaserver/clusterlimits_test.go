package main_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"mfaserver/internal/store/redis/redistest"
)

// careful takes the factor of the tests out of a node's configuration, and
// lets everybody ask for a push.
func careful(_ int, text string) string {
	return strings.Replace(text, "limits_factor: 100\n", "rules: [{name: everybody, allow: [prompt, push, passcode]}]\n", 1)
}

func (c *apiClient) password(t *testing.T, username, password string) answer {
	t.Helper()
	return c.do(t, http.MethodPost, c.server+"/api/users/_login",
		url.Values{"username": {username}, "password": {password}}, http.Header{"X-Mirth-Server-Url": {c.server}})
}

// Threats T007, T037, T074, T158: what fails at one node counts at the others:
// wrong passwords, denied pushes, bad second calls, bypass codes.
func TestClusterCountsTogether(t *testing.T) {
	t.Parallel()
	server := redistest.New(t, redistest.Config{})
	b := startCluster(t, clusterConfig{servers: []*redistest.Server{server}, users: 4, denies: true, each: careful})
	at := b.client(t)
	for n := range 10 {
		if a := at[n%2].password(t, "user0", "wrong"); a.status != http.StatusUnauthorized {
			t.Fatalf("wrong password %d = %d %s, want 401", n, a.status, a.body)
		}
	}
	for n, c := range at {
		a := c.password(t, "user0", gatewayPassword)
		wait, err := strconv.Atoi(a.header.Get("Retry-After"))
		if a.status != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 60 {
			t.Errorf("node %d after ten wrong passwords elsewhere = %d, Retry-After %q, want 429 and a minute", n, a.status, a.header.Get("Retry-After"))
		}
	}
	// A denial at the first node keeps the phone quiet at the others.
	if a := at[0].password(t, "user1", gatewayPassword+",push"); a.status != http.StatusUnauthorized || b.duo.CountCalls("/auth/v2/auth") != 1 {
		t.Fatalf("a push that is denied = %d %s with %d pushes, want 401 and one", a.status, a.body, b.duo.CountCalls("/auth/v2/auth"))
	}
	for n, c := range at {
		if a := c.password(t, "user1", gatewayPassword+",push"); a.status != http.StatusUnauthorized || b.duo.CountCalls("/auth/v2/auth") != 1 {
			t.Errorf("node %d after a denial = %d with %d pushes, want 401 and no further one", n, a.status, b.duo.CountCalls("/auth/v2/auth"))
		}
	}
	b.codesOfADay(t)
	for n := range 20 {
		if a, err := at[n%2].redeem(t.Context(), "user2", "user2:SUCCESS:x:y:bm93aGVyZQ=="); err != nil || a.status != http.StatusUnauthorized {
			t.Fatalf("bad second call %d = %d %s, %v, want 401", n, a.status, a.body, err)
		}
	}
	if a, err := at[2].redeem(t.Context(), "user2", "user2:SUCCESS:x:y:bm93aGVyZQ=="); err != nil || a.status != http.StatusTooManyRequests {
		t.Errorf("the third node after twenty bad second calls = %d, %v, want 429", a.status, err)
	}
	b.alive(t)
	// Fault R24: without the counts nobody is let try.
	server.Pause()
	defer server.Resume()
	if a := at[0].password(t, "user3", gatewayPassword); a.status != http.StatusServiceUnavailable {
		t.Errorf("a password while nobody can count = %d %s, want 503", a.status, a.body)
	}
}

// codesOfADay makes ten bypass codes at two nodes, and none at the third.
func (b *cluster) codesOfADay(t *testing.T) {
	t.Helper()
	for n, count := range []string{"5", "5", "1"} {
		r := runCommand(t, "", "--config", b.nodes[n].config, "duo", "bypass", "create", "user3",
			"--count", count, "--preserve-existing", "--reason", "phone lost", "--yes")
		if over := n == 2; (r.code != 0) != over || over && !strings.Contains(r.stderr, "24 hours") {
			t.Errorf("%s codes at node %d = %d %s, want them counted together", count, n, r.code, r.stderr)
		}
	}
}
