package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mfaserver/internal/seal"
	"mfaserver/internal/store/sqlite"
	"mfaserver/session"
)

// A session survives the end of the process; its end survives too.
func ExampleOpen() {
	if err := runExample(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// after a restart: alice
	// after a logout: session: not found
}

func runExample(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "store")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	key, err := seal.LoadOrCreateKey(filepath.Join(folder, "data.key"))
	if err != nil {
		return err
	}
	sealer, err := seal.New(key)
	if err != nil {
		return err
	}
	config := sqlite.Config{Path: filepath.Join(folder, "data.db"), Sealer: sealer}

	db, err := sqlite.Open(ctx, config)
	if err != nil {
		return err
	}
	now := time.Now()
	s := session.Session{
		Key: session.KeyOf("id from the cookie"), Username: "alice", CreatedAt: now, LastActive: now,
		Expires: now.Add(12 * time.Hour), IdleTimeout: 30 * time.Minute,
	}
	if _, err := db.Sessions().Create(ctx, s, 20, now); err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}

	if db, err = sqlite.Open(ctx, config); err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // the example is over
	found, err := db.Sessions().Find(ctx, s.Key, now)
	if err != nil {
		return err
	}
	fmt.Println("after a restart:", found.Username)
	if _, err := db.Sessions().Delete(ctx, s.Key); err != nil {
		return err
	}
	_, err = db.Sessions().Find(ctx, s.Key, now)
	fmt.Println("after a logout:", err)
	return nil
}
