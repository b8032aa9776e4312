package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mfaserver/duoclient/duotest"
)

// demoUser is the account that the demo makes and prints.
const demoUser = "test1"

// demoState is what makes one demo the same demo when it is started again on
// its data directory: keys, password and certificate authority.
type demoState struct {
	Username    string              `json:"username"`
	Password    string              `json:"password"`
	Credentials duotest.Credentials `json:"credentials"`
	CACert      string              `json:"ca_cert"`
	CAKey       string              `json:"ca_key"`

	dir string
	ca  *duotest.CA
}

// openDemoState loads the state kept in dir, or makes a new one. A new one is
// kept by save.
func openDemoState(dir string, now time.Time) (*demoState, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	s := &demoState{dir: dir}
	data, err := os.ReadFile(s.file("demo.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return newDemoState(dir, now)
	}
	if err != nil {
		return nil, fmt.Errorf("demo state: %w", err)
	}
	err = json.Unmarshal(data, s)
	if err == nil {
		s.ca, err = duotest.LoadCA([]byte(s.CACert), []byte(s.CAKey))
	}
	if err != nil {
		return nil, fmt.Errorf("demo state %s is damaged; remove it to start afresh: %w", s.file("demo.json"), err)
	}
	return s, nil
}

func newDemoState(dir string, now time.Time) (*demoState, error) {
	ca, err := duotest.NewCA(now)
	if err != nil {
		return nil, fmt.Errorf("demo certificate authority: %w", err)
	}
	return &demoState{
		Username: demoUser,
		Password: rand.Text()[:16],
		CACert:   string(ca.CertPEM()),
		CAKey:    string(ca.KeyPEM()),
		dir:      dir,
		ca:       ca,
	}, nil
}

// save keeps the state, with the keys the simulator has, for the next start.
func (s *demoState) save(keys duotest.Credentials) error {
	s.Credentials = keys
	data, err := json.MarshalIndent(s, "", "  ") //nolint:gosec // kept in the demo's own private folder on purpose
	if err != nil {
		return err
	}
	err = errors.Join(writePrivate(s.file("demo.json"), data), writePrivate(s.file("ca.pem"), s.ca.CertPEM()))
	if err != nil {
		return fmt.Errorf("demo state: %w", err)
	}
	return nil
}

// password is what people log in with, empty where only they know it: in front
// of an engine that is not the demo's own.
func (s *demoState) password(engine *demoEngine) string {
	if engine == nil || engine.ours != nil {
		return s.Password
	}
	return ""
}

func (s *demoState) file(name string) string { return filepath.Join(s.dir, name) }
