package rules

import "slices"

// Mode is a way to log in.
type Mode string

// The modes. Default of a rule set that has no rule for a user: [Prompt] and
// [Code].
const (
	// Prompt is the login in two calls with Duo's Universal Prompt.
	Prompt Mode = "prompt"
	// Push holds the login until a Duo Push is answered.
	Push Mode = "push"
	// Passcode takes a factor behind the password: `password,123456`.
	Passcode Mode = "passcode"
	// Code takes a sign-in code of the portal instead of the password.
	Code Mode = "code"
	// Refuse lets nobody in.
	Refuse Mode = "refuse"
)

// Modes returns all modes.
func Modes() []Mode { return []Mode{Prompt, Push, Passcode, Code, Refuse} }

func defaultAllow() []Mode { return []Mode{Prompt, Code} }

// asks reports whether the mode ends in a session.
func (m Mode) asks() bool { return m != Refuse && slices.Contains(Modes(), m) }

// begins reports whether the mode can be the answer to a plain password.
// Passcode and code are chosen by what was typed.
func (m Mode) begins() bool { return m == Prompt || m == Push || m == Refuse }
