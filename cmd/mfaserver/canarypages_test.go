package main_test

import (
	"context"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mfaserver/internal/store/redis/redistest"
)

// secretRedis is the password of the store's server.
const secretRedis = "canary-redis-password-Xu4Pn7Kd"

// portal signs in at the pages below /mfa/, looks at all of them, and adds a
// device, whose link is handed over once.
func (o *outlets) portal(t *testing.T) {
	t.Helper()
	c := o.listening(t)
	a := c.submit(t, "/mfa/sign-in", c.form(t, "/mfa/"), "username", "alice", "password", gatewayPassword)
	o.follow(t, c, a)
	for _, path := range []string{"/mfa/", "/mfa/sessions", "/mfa/clients", "/mfa/devices"} {
		o.page(t, c, path)
	}
	made := c.submit(t, "/mfa/devices/add", c.form(t, "/mfa/devices/add"), "name", "Spare", "number", "+1 734 555 0199")
	found := regexp.MustCompile(`(?s)<textarea id="device-link"[^>]*>(.*?)</textarea>`).FindStringSubmatch(made.body)
	if found == nil {
		t.Fatalf("adding a device = %d %s", made.status, made.body)
	}
	o.add(t, "activation link", html.UnescapeString(found[1]))
	o.page(t, c, "/mfa/devices")
	o.page(t, c, "/mfa/sessions")
}

// console looks at every page for administrators, and makes a bypass code there.
func (o *outlets) console(t *testing.T) {
	t.Helper()
	c := o.listening(t)
	o.follow(t, c, c.submit(t, "/mfa/sign-in", c.form(t, "/mfa/"), "username", "alice", "password", gatewayPassword))
	for _, path := range []string{"", "overview", "users", "users/alice", "sessions", "pending", "tokens", "exemptions", "organizations", "audit", "audit/verify", "health"} {
		o.page(t, c, "/mfa/admin/"+path)
	}
	const bypass = "/mfa/admin/users/bob/bypass"
	o.follow(t, c, c.submit(t, "/mfa/admin/enter", c.form(t, bypass), "back", bypass)) // Duo is asked once more
	made := c.submit(t, bypass, c.form(t, bypass), "valid", "3600", "reason", "canary")
	code := regexp.MustCompile(`\b[0-9]{9}\b`).FindString(made.body)
	if code == "" {
		t.Fatalf("making a bypass code = %d %s", made.status, made.body)
	}
	o.add(t, "new bypass code", code)
	for _, path := range []string{"users", "users/alice", "audit"} {
		o.page(t, c, "/mfa/admin/"+path)
	}
}

// follow goes to Duo, who approves, and back.
func (o *outlets) follow(t *testing.T, c *apiClient, a answer) {
	t.Helper()
	_, to, found := strings.Cut(a.header.Get("Refresh"), "url=")
	if !found {
		t.Fatalf("no way to Duo: %d %s", a.status, a.body)
	}
	if back := c.do(t, http.MethodGet, to, nil, nil); back.status != http.StatusOK {
		t.Fatalf("back from Duo = %d %s", back.status, back.body)
	}
	o.cookies(t, c)
}

// page keeps what a page shows.
func (o *outlets) page(t *testing.T, c *apiClient, path string) {
	t.Helper()
	a := c.get(t, path)
	if a.status != http.StatusOK {
		t.Errorf("%s = %d %.200s", path, a.status, a.body)
	}
	_, _ = o.pages.Write([]byte(a.body))
}

// enrols has a command enrol somebody, and notes the link that it shows once.
func (o *outlets) enrols(t *testing.T) {
	t.Helper()
	r := runCommand(t, "", "--config", o.config, "duo", "users", "enroll", "erin", "--number", "+17345550166")
	link := regexp.MustCompile(`https://\S+/activate/\S+`).FindString(r.stdout)
	if r.code != 0 || link == "" {
		t.Fatalf("users enroll = %d %s%s", r.code, r.stdout, r.stderr)
	}
	o.add(t, "activation link of a command", link)
}

// redisStore is a store whose every write is kept in a file.
func redisStore(t *testing.T) (server *redistest.Server, dir, config string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "r") //nolint:usetesting // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	server = redistest.New(t, redistest.Config{Dir: dir, Persistent: true, Password: secretRedis})
	return server, dir, fmt.Sprintf("store: {redis: {addresses: [%q], password: %q}}\n", server.Addr, secretRedis)
}

// dumpRedis is everything that the server holds, and everything that was ever
// written to it.
func dumpRedis(t *testing.T, server *redistest.Server, dir string, all map[string][]byte) {
	t.Helper()
	all["redis, now"] = []byte(strings.Join(redisContent(t, server), "\n"))
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !strings.Contains(path, "appendonly") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		all["redis, written"] = append(all["redis, written"], data...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// redisContent lists keys with their values.
func redisContent(t *testing.T, server *redistest.Server) []string {
	t.Helper()
	client := server.Client()
	defer client.Close() //nolint:errcheck // it has read everything
	ctx := context.WithoutCancel(t.Context())
	var all []string
	keys := client.Scan(ctx, 0, "*", 1000).Iterator()
	for keys.Next(ctx) {
		key := keys.Val()
		kind, err := client.Type(ctx, key).Result()
		if err != nil {
			t.Fatal(err)
		}
		var value any
		switch kind {
		case "string":
			value, err = client.Get(ctx, key).Result()
		case "hash":
			value, err = client.HGetAll(ctx, key).Result()
		case "set":
			value, err = client.SMembers(ctx, key).Result()
		case "zset":
			value, err = client.ZRangeWithScores(ctx, key, 0, -1).Result()
		case "list":
			value, err = client.LRange(ctx, key, 0, -1).Result()
		default:
			t.Errorf("%s is a %s, which this test does not read", key, kind)
		}
		if err != nil {
			continue // it ended meanwhile
		}
		all = append(all, fmt.Sprint(key, " ", value))
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
