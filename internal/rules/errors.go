package rules

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with a [Config], beside [ErrPath].
var (
	// ErrAsksNobody: under these rules nobody can prove a second factor.
	ErrAsksNobody = errors.New("rules: the rules ask nobody for a second factor")
	// ErrUnreachable: an earlier rule takes everybody.
	ErrUnreachable = errors.New("rules: a rule is never reached")
	ErrNoName      = errors.New("rules: no name")
	ErrTwice       = errors.New("rules: given twice")
	ErrNoMode      = errors.New("rules: no mode allowed")
	ErrMode        = errors.New("rules: not a mode")
	// ErrIdleMode: a mode that no login can come to.
	ErrIdleMode = errors.New("rules: a mode is never chosen")
	// ErrClientMode: a client may choose only what its user may use.
	ErrClientMode   = errors.New("rules: a client cannot choose a mode that the rule does not allow")
	ErrNoCondition  = errors.New("rules: a client without user agent or header")
	ErrHeader       = errors.New("rules: not the name of a header")
	ErrUnknownGroup = errors.New("rules: unknown group")
	ErrGroupName    = errors.New("rules: not the name of a group")
	ErrUsername     = errors.New("rules: not a username")
	ErrNetwork      = errors.New("rules: not a network to let in")
	ErrNoUsers      = errors.New("rules: no users")
	ErrNoNetworks   = errors.New("rules: no networks")
	ErrNoOwner      = errors.New("rules: no owner")
	ErrNoExpiry     = errors.New("rules: no end")
	// ErrAdministrator: an administrator is never exempt.
	ErrAdministrator = errors.New("rules: an administrator cannot be exempt")
	ErrMethod        = errors.New("rules: not a method")
	ErrNoOperations  = errors.New("rules: no operations")
	ErrNoMaxAge      = errors.New("rules: no age of an approval")
)

// Fault is one thing wrong with a [Config].
type Fault struct {
	// Path is the setting, for example rules[2].allow[0].
	Path string
	// Text says what to do.
	Text string
	// Err is one of the errors of this package.
	Err error
}

// FaultsError holds everything wrong with a [Config]. It matches the error of
// every fault.
type FaultsError struct{ Faults []Fault }

// Error returns all faults in one line.
func (e *FaultsError) Error() string {
	texts := make([]string, 0, len(e.Faults))
	for _, f := range e.Faults {
		texts = append(texts, fmt.Sprintf("%s: %s", f.Path, f.Text))
	}
	return "rules: " + strings.Join(texts, "; ")
}

// Unwrap returns the error of every fault.
func (e *FaultsError) Unwrap() []error {
	errs := make([]error, 0, len(e.Faults))
	for _, f := range e.Faults {
		errs = append(errs, f.Err)
	}
	return errs
}

func errPath(text, why string) error { return fmt.Errorf("%w: %q: %s", ErrPath, text, why) }
