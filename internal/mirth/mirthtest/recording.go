package mirthtest

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// ErrRecording means that a file is no recording of a conversation.
var ErrRecording = errors.New("mirthtest: not a recording")

// chunk heads what one side wrote at a time.
var chunk = regexp.MustCompile(`([<>]) \d{4}/\d\d/\d\d \S+  length=(\d+) from=\d+ to=\d+\n`)

// ClientSide is what the client of a recorded conversation wrote (the .wire
// files in testdata/engine/wire), request by request: each begins where the
// engine had answered. The recordings have lost their carriage returns; the
// lengths tell that nothing else is missing.
func ClientSide(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecording, err)
	}
	text := string(data)
	heads := chunk.FindAllStringSubmatchIndex(text, -1)
	var all []string
	answered := true
	for i, head := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		if text[head[2]:head[3]] == "<" {
			answered = true
			continue
		}
		written := strings.ReplaceAll(text[head[1]:end], "\n", "\r\n")
		if want := text[head[4]:head[5]]; strconv.Itoa(len(written)) != want {
			return nil, fmt.Errorf("%w: %s: %d bytes, want %s", ErrRecording, path, len(written), want)
		}
		if answered {
			all = append(all, "")
		}
		all[len(all)-1] += written
		answered = false
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %s: no client in it", ErrRecording, path)
	}
	return all, nil
}
