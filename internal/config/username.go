package config

import "errors"

// Errors of [Config.DuoUsername].
var (
	// ErrNoDuoUsername: nothing is left of the name.
	ErrNoDuoUsername = errors.New("config: the mapping leaves no name for Duo")
	// ErrAmbiguous: the name belongs to another user of the engine.
	ErrAmbiguous = errors.New("config: two users have one name for Duo")
)

type duoNames struct{}

// DuoUsername returns Duo's name for a canonical username.
func (c *Config) DuoUsername(canonical string) (string, error) { return canonical, nil }
