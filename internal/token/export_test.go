package token

// Hooks for what is made and read of values.

// NewToken makes the value of a service token.
var NewToken = newToken

// ParseToken reads one.
var ParseToken = parseToken

// NewSignIn and NewBreakGlassValue make codes.
func NewSignIn() string          { return newCode(signInPrefix, signInChars) }
func NewBreakGlassValue() string { return newCode(breakGlassPrefix, breakGlassChars) }

// ParseSignIn and ParseBreakGlass read them.
func ParseSignIn(text string) (Key, bool) { return parseCode(text, signInPrefix, signInChars) }

func ParseBreakGlass(text string) (Key, bool) {
	return parseCode(text, breakGlassPrefix, breakGlassChars)
}

// NoteCapacity is how many uses and refusals are remembered.
const NoteCapacity = noteCapacity

// Noted is how many are remembered now.
func (s *Tokens) Noted() int {
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	return len(s.notes.keys)
}
