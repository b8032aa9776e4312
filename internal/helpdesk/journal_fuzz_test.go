package helpdesk_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/helpdesk"
)

// A journal keeps its whole lines; a file that is none is left as it was.
func FuzzJournal(f *testing.F) {
	key := strings.Repeat("ab", 32)
	line := `{"key":"` + key + `","org":"main","username":"bob"}` + "\n"
	for _, seed := range []string{"", line, line + line, line + `{"key":"`, line[:10], "hello\n", "{}\n", `{"key":"x"}` + "\n", line + "\n", `{"key"`} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "journal")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := helpdesk.OpenJournal(path)
		if err == nil {
			defer func() { _ = j.Close() }()
		}
		kept, rerr := os.ReadFile(path)
		if rerr != nil {
			t.Fatal(rerr)
		}
		if err != nil {
			if !bytes.Equal(kept, data) {
				t.Fatalf("%q was refused (%v), and is %q now", data, err, kept)
			}
			return
		}
		if whole := data[:bytes.LastIndexByte(data, '\n')+1]; !bytes.Equal(kept, whole) {
			t.Fatalf("%q is %q now, want its whole lines", data, kept)
		}
		again, err := helpdesk.OpenJournal(path)
		if err != nil {
			t.Fatalf("%q is refused afterwards: %v", kept, err)
		}
		defer func() { _ = again.Close() }()
		if j.Done(key) != again.Done(key) {
			t.Fatalf("%q: %v, then %v", data, j.Done(key), again.Done(key))
		}
	})
}
