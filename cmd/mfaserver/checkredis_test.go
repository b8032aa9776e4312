package main_test

import (
	"fmt"
	"strings"
	"testing"

	"mfaserver/internal/store/redis/redistest"
)

// Threat T121, fault R24: check asks the server that nodes share, and says what
// to do about it; serve does not start on one that is too old.
func TestCheckRedis(t *testing.T) {
	t.Parallel()
	b := startDuoBench(t)
	server := redistest.New(t, redistest.Config{Persistent: true})
	evicting := redistest.New(t, redistest.Config{Persistent: true, Extra: "maxmemory-policy allkeys-lru"})
	fleeting := redistest.New(t, redistest.Config{})
	for _, c := range []struct {
		name, store string
		code        int
		want        []string
	}{
		{"good", fmt.Sprintf("{addresses: [%q]}", server.Addr), 0, []string{"on Redis ", " at " + server.Addr, "nothing of ours yet"}},
		{"no file", fmt.Sprintf("{addresses: [%q]}", fleeting.Addr), 0, []string{"warning  store", "appendonly yes"}},
		{"too old", fmt.Sprintf("{addresses: [%q], min_version: 99.1.0}", server.Addr), 3, []string{"it is Redis ", "at least 99.1.0 is needed", "store.redis.min_version"}},
		{"evicting", fmt.Sprintf("{addresses: [%q]}", evicting.Addr), 3, []string{"noeviction"}},
		{"replicas", fmt.Sprintf("{addresses: [%q], replicas: 1}", server.Addr), 3, []string{"store.redis.replicas"}},
		{"nobody", `{addresses: ["127.0.0.1:1"]}`, 3, []string{"no primary can be reached", "127.0.0.1:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := b.writeConfig(t, func(s string) string { return s + "store: {redis: " + c.store + "}\n" })
			r := b.runAny(t, "", "--config", file, "check")
			for _, want := range c.want {
				if r.code != c.code || !strings.Contains(r.stdout, want) {
					t.Errorf("check = %d\n%s%s\nwant %d with %q", r.code, r.stdout, r.stderr, c.code, want)
				}
			}
		})
	}
	file := b.writeConfig(t, func(s string) string {
		return s + fmt.Sprintf("store: {redis: {addresses: [%q], min_version: 99.1.0}}\n", server.Addr)
	})
	r := b.runAny(t, "", "--config", file, "serve")
	if r.code == 0 || !strings.Contains(r.stderr, "at least 99.1.0 is needed") {
		t.Errorf("serve = %d %s, want a refusal that names both versions", r.code, r.stderr)
	}
}
