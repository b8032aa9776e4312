package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"mfaserver/internal/checkup"
	"mfaserver/internal/config"
	"mfaserver/internal/seal"
	"mfaserver/internal/store/redis"
)

// checkRedis looks whether the servers that nodes share can be used, and
// changes nothing on them.
func checkRedis(ctx context.Context, cfg *config.Config) checkup.Finding {
	about, err := probeRedis(ctx, cfg)
	f := checkup.Finding{Subject: "store", Level: checkup.OK, Text: fmt.Sprintf("on %s %s at %s", about.Name, about.Version, about.Addr)}
	switch {
	case err != nil:
		f.Level, f.Text, f.Advice = checkup.Fail, sentence(err), redisAdvice(cfg, err)
	case !about.Persistent:
		f.Level, f.Text = checkup.Warn, f.Text+", which keeps no append-only file: its restart ends every session and loses the directory"
		f.Advice = "Set appendonly yes on the server."
	case about.Empty:
		f.Text += ", with nothing of ours yet"
	}
	return f
}

func probeRedis(ctx context.Context, cfg *config.Config) (redis.About, error) {
	var sealed *seal.Sealer
	_, err := os.Stat(filepath.Join(cfg.KeysDir, "store.key"))
	if err == nil {
		sealed, err = sealer(cfg, "store.key")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return redis.About{}, err
	}
	c, err := redisConfig(cfg, sealed, nil)
	if err != nil {
		return redis.About{}, err
	}
	return redis.Probe(ctx, c)
}

// redisAdvice says what to do about a server that cannot be used.
func redisAdvice(cfg *config.Config, err error) string {
	for _, row := range []struct {
		is     error
		advice string
	}{
		{redis.ErrVersion, "Upgrade the server, or lower store.redis.min_version if you have to."},
		{redis.ErrEviction, "Set maxmemory-policy noeviction on the server."},
		{redis.ErrReplicas, "Start the replicas, or lower store.redis.replicas."},
		{redis.ErrWrongKey, "Copy keys_dir from the node that made it."},
		{redis.ErrClock, "Set the clocks of this host and of the server by NTP."},
		{redis.ErrCluster, "Use a server without cluster mode."},
		{redis.ErrTooNew, "Run the version of mfaserver that wrote the data."},
	} {
		if errors.Is(err, row.is) {
			return row.advice
		}
	}
	return "Look whether a primary answers at " + strings.Join(cfg.Store.Redis.Addresses, ", ") + ", and whether user and password are those of its ACL."
}
