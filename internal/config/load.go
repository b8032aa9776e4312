package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
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
	return load(path, os.LookupEnv)
}

// Reload is [Load] for a server that runs with c: a variable that a secret of c
// came from, and that is no longer in the environment, still has its value
// (threats T167, T171).
func (c *Config) Reload(path string) (*Config, error) {
	return load(path, func(name string) (string, bool) {
		if value, ok := os.LookupEnv(name); ok {
			return value, true
		}
		kept, ok := c.environment[name]
		return kept.Reveal(), ok
	})
}

func load(path string, lookupEnv func(string) (string, bool)) (*Config, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parse(data, path, true, lookupEnv)
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
func Parse(data []byte, name string) (*Config, error) {
	return parse(data, name, false, os.LookupEnv)
}

func parse(data []byte, name string, onDisk bool, lookupEnv func(string) (string, bool)) (*Config, error) {
	r := &reader{
		dir: filepath.Dir(name), lookupEnv: lookupEnv, lines: make(map[string]int),
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
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	if len(r.faults) > 0 {
		slices.SortStableFunc(r.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
		return nil, &FaultsError{Name: name, Digest: digest, Faults: r.faults}
	}
	c.environment, c.digest = r.envUsed, digest
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
