package config

import (
	"errors"
	"fmt"
	"strings"
)

// ErrInvalid says that the configuration has faults; the error is a [*FaultsError].
var ErrInvalid = errors.New("config: invalid configuration")

// Fault is one thing to put right. It never repeats a secret.
type Fault struct {
	// Line counts from 1.
	Line int `json:"line"`
	// Key is the path of the setting, for example duo.universal.client_id;
	// empty for the file as a whole.
	Key string `json:"key"`
	// Text says what to do.
	Text string `json:"text"`
}

// FaultsError holds all faults of a file in the order of their lines. It
// matches [ErrInvalid].
type FaultsError struct {
	Name string
	// Digest is the SHA-256 of the file, in hexadecimal digits.
	Digest string
	Faults []Fault
}

// Error returns a line for each fault: file:line: key: what to do.
func (e *FaultsError) Error() string {
	var b strings.Builder
	b.WriteString(ErrInvalid.Error())
	for _, f := range e.Faults {
		fmt.Fprintf(&b, "\n%s:%d: ", e.Name, f.Line)
		if f.Key != "" {
			b.WriteString(f.Key + ": ")
		}
		b.WriteString(f.Text)
	}
	return b.String()
}

// Unwrap returns [ErrInvalid].
func (e *FaultsError) Unwrap() error { return ErrInvalid }
