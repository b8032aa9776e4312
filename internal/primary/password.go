package primary

import (
	_ "embed" // the list of common passwords
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxPassword is the length of the longest password, in bytes. Longer ones are
// refused without hashing (threat T010).
const maxPassword = 1024

// DefaultMinPassword is the least number of characters of a password that is
// set, where the configuration says nothing else.
const DefaultMinPassword = 12

//go:embed common_passwords.txt
var commonText string

var commonPasswords = sync.OnceValue(func() map[string]bool {
	common := make(map[string]bool)
	for line := range strings.Lines(commonText) {
		common[strings.TrimSpace(line)] = true
	}
	return common
})

// checkNewPassword returns [ErrBadPassword] for a password that nobody may
// choose. It judges; it never changes a byte (NIST SP 800-63B section 3.1.1.2:
// length and a blocklist, no rules of composition).
func (l *Local) checkNewPassword(username, password string) error {
	lower := strings.ToLower(password)
	switch {
	case utf8.RuneCountInString(password) < l.minPassword:
		return fmt.Errorf("%w: it has less than %d characters", ErrBadPassword, l.minPassword)
	case len(password) > maxPassword:
		return fmt.Errorf("%w: it is longer than %d bytes", ErrBadPassword, maxPassword)
	case foldName(password) == foldName(username):
		return fmt.Errorf("%w: it is the username", ErrBadPassword)
	case commonPasswords()[lower]:
		return fmt.Errorf("%w: it is one of the most common ones", ErrBadPassword)
	case strings.Trim(lower, string([]rune(lower)[0])) == "":
		return fmt.Errorf("%w: it is one character repeated", ErrBadPassword)
	}
	return nil
}
