package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// maxFile is the largest configuration file.
const maxFile = 256 << 10

// Load reads and checks the file at path and the files and environment
// variables it names. Faults come as a [*FaultsError], all at once; a file
// that cannot be read as the error of the system.
//
// Nobody but its owner, who is the running user or root, may be able to write
// the file; when it holds a secret, nor to read it (threat T166).
func Load(path string) (*Config, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parse(data, path, true)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return data, nil
}

// Parse checks data as [Load] does, but for the modes of the file itself.
// name stands for the file in faults, and its folder is where relative paths
// begin.
func Parse(data []byte, name string) (*Config, error) { return parse(data, name, false) }

func parse(data []byte, name string, onDisk bool) (*Config, error) {
	r := &reader{
		dir: filepath.Dir(name), lookupEnv: os.LookupEnv, lines: make(map[string]int),
		beginning: "begin with public_urls and duo",
	}
	var c *Config
	if len(data) > maxFile {
		r.fault(1, "", "the file is larger than %d bytes; make it smaller", maxFile)
	} else if root := r.document(data); root != nil {
		c = r.config(root)
	}
	if onDisk {
		r.ownMode(name)
	}
	if len(r.faults) > 0 {
		slices.SortStableFunc(r.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
		return nil, &FaultsError{Name: name, Faults: r.faults}
	}
	c.secretEnvironment = r.envUsed
	if c.Duo.Username.used() {
		c.duoNames = newDuoNames(c.Duo.Username)
	}
	return c, nil
}

// ownMode checks the configuration file itself.
func (r *reader) ownMode(path string) {
	if len(r.inlineSecrets) == 0 {
		if text := checkFile(path, writableByOthers); text != "" {
			r.fault(1, "", "%s", text)
		}
		return
	}
	if text := checkFile(path, openToOthers); text != "" {
		for _, s := range r.inlineSecrets {
			r.fault(s.line, s.key, "the file holds a secret, and %s", text)
		}
	}
}
