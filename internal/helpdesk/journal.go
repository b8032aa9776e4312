package helpdesk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// errJournal: the journal cannot be written.
var errJournal = errors.New("helpdesk: journal of the list")

// Journal remembers in a file who of a list is done. A row is noted, and on
// disk, before the next begins. A nil Journal remembers nothing. It is safe
// for concurrent use.
type Journal struct {
	mu   sync.Mutex
	file *os.File
	done map[string]struct{}
}

// journalLine is one line of the file. The key is a hash over everything of
// the row that matters: a row that was corrected is another row.
type journalLine struct {
	Key      string `json:"key"`
	Org      string `json:"org"`
	Username string `json:"username"`
}

// largestJournal bounds what is read: more than the longest list needs.
const largestJournal = 64 << 20

// OpenJournal opens the file at path, or makes it with mode 0600. A last line
// that a crash cut short is taken off; any other that is no line of a journal
// is an error, and the file is left as it was.
func OpenJournal(path string) (*Journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errJournal, err)
	}
	j := &Journal{file: f, done: make(map[string]struct{})}
	if err := j.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s: %w", errJournal, path, err), f.Close())
	}
	return j, nil
}

func (j *Journal) read() error {
	data, err := io.ReadAll(io.LimitReader(j.file, largestJournal+1))
	if err != nil {
		return err
	}
	if len(data) > largestJournal {
		return fmt.Errorf("larger than %d bytes", largestJournal)
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	n := 0
	for text := range bytes.Lines(data[:whole]) {
		n++
		var line journalLine
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&line); err != nil || len(line.Key) != hex.EncodedLen(sha256.Size) {
			return fmt.Errorf("line %d is no line of a journal; name another file", n)
		}
		j.done[line.Key] = struct{}{}
	}
	if begin := []byte(`{"key":`); whole == 0 && !bytes.HasPrefix(data, begin[:min(len(begin), len(data))]) {
		return errors.New("is no journal; name another file")
	}
	if err := j.file.Truncate(int64(whole)); err != nil {
		return err
	}
	_, err = j.file.Seek(int64(whole), io.SeekStart)
	return err
}

// Done reports whether the row of that key was noted.
func (j *Journal) Done(key string) bool {
	if j == nil {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.done[key]
	return ok
}

func (j *Journal) note(key, org, username string) error {
	if j == nil {
		return nil
	}
	line, err := json.Marshal(journalLine{Key: key, Org: org, Username: username})
	if err != nil {
		return fmt.Errorf("%w: %w", errJournal, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err = j.file.Write(append(line, '\n'))
	if err = errors.Join(err, j.file.Sync()); err != nil {
		return fmt.Errorf("%w: %w", errJournal, err)
	}
	j.done[key] = struct{}{}
	return nil
}

// Close closes the file.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	return j.file.Close()
}

// key is the row's name in a journal.
func (r EnrolRow) key(org string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{org, r.Username, r.Email, r.Realname, r.Phone}, "\x00")))
	return hex.EncodeToString(sum[:])
}
