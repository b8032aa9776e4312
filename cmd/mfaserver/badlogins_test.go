package main_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mfaserver/internal/audit"
)

// badLogins is how many are tried; the variable BAD_LOGINS says otherwise.
func badLogins(t *testing.T) int {
	t.Helper()
	text := os.Getenv("BAD_LOGINS")
	if text == "" {
		return 5000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("BAD_LOGINS=%q is no number", text)
	}
	return n
}

// Threat T183: a flood of bad logins leaves one record each, none of them larger
// than 600 bytes whatever the client says of itself, and a log that counts them.
func TestBadLoginsFillNoDisk(t *testing.T) {
	t.Parallel()
	many := badLogins(t)
	var config string
	p, c := serveWith(t, newDuo(t), func(text string) string {
		config = text
		return text + "log: {level: debug}\n"
	})
	const clients = 8
	var statuses [600]atomic.Int64
	var all sync.WaitGroup
	for from := range clients {
		all.Go(func() {
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Error(err)
				return
			}
			one := &apiClient{server: c.server, accept: c.accept, http: &http.Client{Transport: c.http.Transport, Jar: jar}}
			for i := from; i < many; i += clients {
				a, err := one.try(t.Context(), http.MethodPost, c.server+"/api/users/_login",
					url.Values{"username": {strings.Repeat("\u2028", i%200) + fmt.Sprint(i)}, "password": {"wrong"}},
					http.Header{"X-Mirth-Server-Url": {c.server}, "User-Agent": {strings.Repeat(`<"\`, 300)}})
				if err != nil {
					t.Error(err)
					return
				}
				statuses[a.status].Add(1)
			}
		})
	}
	all.Wait()
	p.stop(t)
	answered := map[int]int{}
	for status := range statuses {
		if n := int(statuses[status].Load()); n > 0 {
			answered[status] = n
		}
	}
	dir := filepath.Join(filepath.Dir(configPath(config)), "audit")
	wantRecords(t, filepath.Join(dir, "audit.jsonl"), many, answered)
	if logged := countServed(t, p.log.String()); !maps.Equal(logged, answered) {
		t.Errorf("the log counts %v, the clients %v:\n%.2000s", logged, answered, p.log)
	}
	if n := len(p.log.String()); n > 64<<10+many {
		t.Errorf("the log of %d bad logins has %d bytes", many, n)
	}
}

// wantRecords expects a record of each answer, and few bytes of each.
func wantRecords(t *testing.T, path string, many int, answered map[int]int) {
	t.Helper()
	found := map[int]int{}
	for e, err := range audit.NewReader(path, nil).Search(t.Context(), audit.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		switch e.Name {
		case audit.PrimaryRefused:
			found[http.StatusUnauthorized]++
		case audit.PrimaryThrottled, audit.LoginThrottled:
			found[http.StatusTooManyRequests]++
		default:
		}
	}
	if !maps.Equal(found, answered) || found[http.StatusTooManyRequests] == 0 || found[http.StatusUnauthorized] == 0 {
		t.Errorf("the trail has %v, the clients %v", found, answered)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if each := total / int64(many); each > 600 {
		t.Errorf("%d bytes for each bad login, want 600 at most", each)
	}
}

// countServed is how many answers the lines of a log tell of, by status.
func countServed(t *testing.T, log string) map[int]int {
	t.Helper()
	served := map[int]int{}
	line := regexp.MustCompile(`msg="request served".* route=\S+ status=(\d+) took=\S+(?: repeated=(\d+))?\n`)
	for _, found := range line.FindAllStringSubmatch(log, -1) {
		status, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(found[2])
		served[status] += max(n, 1)
	}
	return served
}
