package audit_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/audit"
)

// childPath names the trail to a child process that writes it until it is
// killed.
const childPath = "AUDIT_TEST_CHILD"

// child records under load, rotates all the time, and says on its standard
// output what is durable.
func child(path string) error {
	trail, err := audit.New(audit.Config{
		Path: path, Node: "child", MAC: key("k"), MaxBytes: 12000, CheckpointRecords: 7, CheckpointEvery: 3 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	out := bufio.NewWriter(os.Stdout)
	say := func(format string, args ...any) error {
		mu.Lock()
		defer mu.Unlock()
		if _, err := fmt.Fprintf(out, format, args...); err != nil {
			return err
		}
		return out.Flush()
	}
	failed := make(chan error)
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, i)
				err := trail.Record(context.Background(), audit.Event{Name: audit.PrimaryOK, Outcome: audit.OK, Username: name})
				if err == nil {
					err = say("%s\n", name)
				}
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	go func() {
		for i := 0; ; i++ {
			var err error
			if i%3 == 0 {
				err = os.Rename(path, fmt.Sprintf("%s-%d-%d", path, os.Getpid(), i))
				time.Sleep(time.Millisecond)
				if err == nil {
					err = trail.Reopen()
				}
			} else {
				err = trail.Rotate()
			}
			if err != nil && !os.IsNotExist(err) {
				failed <- err
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
	}()
	return <-failed
}

// Threats T194, T195, T196: rotated under load and killed, a trail loses
// nothing that it acknowledged, and its chain is whole. AUDIT_KILLS says how
// many times it is killed.
//
// Not in parallel: between fork and exec a child holds the locks of files that
// other tests close.
func TestKilledUnderLoad(t *testing.T) {
	kills, rotations := 12, 100
	if testing.Short() {
		kills, rotations = 3, 10
	}
	if n, err := strconv.Atoi(os.Getenv("AUDIT_KILLS")); err == nil {
		kills = n
	}
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	acknowledged := map[string]bool{}
	files := 0
	for n := 0; n < kills || files < rotations && n < 20*kills; n++ {
		for _, name := range killed(t, path) {
			acknowledged[name] = true
		}
		v, err := audit.Verify(t.Context(), audit.VerifyConfig{Path: path, MAC: key("k")})
		if err != nil || v.Err() != nil {
			t.Fatalf("after kill %d: %v, %v", n+1, err, v.Err())
		}
		files = len(v.Files)
	}
	c := chained(t)
	c.Path = path
	open(t, c)
	r := whole(t, c)
	for e, err := range audit.NewReader(path, nil).Search(t.Context(), audit.Filter{Event: audit.PrimaryOK}) {
		if err != nil {
			t.Fatal(err)
		}
		delete(acknowledged, e.Username)
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged events are not in the trail", len(acknowledged))
	}
	t.Logf("%d kills or more, %d files, %d records, %d checkpoints, %d torn bytes", kills, len(r.Files), r.Records, r.Checkpoints, r.TornBytes)
	if len(r.Files) < rotations {
		t.Errorf("%d files, want %d", len(r.Files), rotations)
	}
}

// killed runs a child for a moment, kills it, and returns what it said was
// durable.
func killed(t *testing.T, path string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childPath+"="+path)
	var trouble strings.Builder
	cmd.Stderr = &trouble
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	var said []string
	first, err := r.ReadString('\n')
	if err != nil {
		t.Fatalf("the child said nothing: %v, %s", err, trouble.String())
	}
	said = append(said, strings.TrimSpace(first))
	timer := time.AfterFunc(time.Duration(50+rand.IntN(150))*time.Millisecond, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	rest, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if trouble.Len() > 0 {
		t.Fatalf("the child failed: %s", trouble.String())
	}
	for l := range strings.Lines(string(rest)) {
		if name, whole := strings.CutSuffix(l, "\n"); whole {
			said = append(said, name)
		}
	}
	return said
}
