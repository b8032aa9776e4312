package audit_test

import (
	"fmt"
	"net/netip"
	"os"
	"sync"
	"testing"

	"mfaserver/internal/audit"
)

// benchmarked is the event of a login.
func benchmarked() audit.Event {
	return audit.Event{
		Name: audit.PrimaryOK, Outcome: audit.OK, Username: "alice", Source: netip.MustParseAddr("192.0.2.1"),
		UserAgent: "python-mirth-client/1.0", RequestID: "0123456789abcdef", Transaction: "0123456789ab",
	}
}

// BenchmarkRecord compares trails with and without a chain and an index, on a
// disk and in memory.
func BenchmarkRecord(b *testing.B) {
	for _, folder := range []string{"disk", "memory"} {
		for _, kind := range []string{"plain", "chained", "indexed"} {
			for _, writers := range []int{1, 64} {
				b.Run(fmt.Sprintf("%s/%s/writers=%d", folder, kind, writers), func(b *testing.B) {
					c := chained(b)
					if folder == "memory" {
						temp, err := os.MkdirTemp("/dev/shm", "audit") //nolint:usetesting // a file system of its own
						if err != nil {
							b.Skip(err)
						}
						b.Cleanup(func() { _ = os.RemoveAll(temp) })
						c.Path = temp + "/audit.jsonl"
					}
					c.Now = nil
					switch kind {
					case "plain":
						c.MAC, c.Unchained = nil, true
					case "indexed":
						c.Index = &audit.MemoryIndex{}
					}
					load(b, open(b, c), writers)
				})
			}
		}
	}
}

func load(b *testing.B, trail *audit.Trail, writers int) {
	b.Helper()
	e := benchmarked()
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < b.N; i += writers {
				if err := trail.Record(b.Context(), e); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkVerify(b *testing.B) {
	c := chained(b)
	trail := open(b, c)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 1000 {
				record(b, trail, benchmarked())
			}
		})
	}
	wg.Wait()
	info, err := os.Stat(c.Path)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("verify", func(b *testing.B) {
		b.SetBytes(info.Size())
		for b.Loop() {
			whole(b, c)
		}
	})
	b.Run("search", func(b *testing.B) {
		b.SetBytes(info.Size())
		for b.Loop() {
			sequences(b, audit.NewReader(c.Path, nil).Search(b.Context(), audit.Filter{User: "nobody"}))
		}
	})
}
