package main

import (
	"github.com/spf13/cobra"

	"mfaserver/internal/hashing"
	"mfaserver/internal/primary"
)

// hashCommand is the command by which the server starts itself again to hash
// passwords.
const hashCommand = "hash-passwords"

// newHashPasswords is nobody's command but the server's.
func newHashPasswords(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: hashCommand, Hidden: true, Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := harden(); err != nil {
				return err
			}
			hasher, err := primary.NewArgon2id(primary.DefaultParams())
			if err != nil {
				return err
			}
			return hashing.Work(g.console.in, g.console.out, hasher)
		},
	}
}

// hasher is who hashes passwords: other processes where they can be started.
func (a *app) hasher() (primary.Hasher, error) {
	if a.self == "" {
		return primary.NewArgon2id(primary.DefaultParams())
	}
	pool, err := hashing.New(hashing.Config{Command: []string{a.self, hashCommand}, Logger: a.logger, Now: now})
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, pool.Close)
	return pool, nil
}
