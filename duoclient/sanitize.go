package duoclient

import (
	"strings"
	"unicode"
)

const (
	maxForeignText = 200
	// longestWord is shorter than every state, code, assertion and token, and
	// longer than the words and client IDs that an operator needs to read.
	longestWord = 21
)

// foreignText makes text of the other side fit for errors and logs: values in
// hide are cut out, as is every run of token characters too long to be a word,
// what is not printable becomes '?', and the whole is at most 200 characters.
func foreignText(s string, hide []string) string {
	for _, h := range hide {
		if len(h) >= 4 {
			s = strings.ReplaceAll(s, h, "[cut]")
		}
	}
	var out, word strings.Builder
	flush := func() {
		if word.Len() > longestWord {
			out.WriteString("[cut]")
		} else {
			out.WriteString(word.String())
		}
		word.Reset()
	}
	for _, r := range s {
		if tokenRune(r) {
			word.WriteRune(r)
			continue
		}
		flush()
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			r = '?'
		}
		out.WriteRune(r)
	}
	flush()
	if clean := []rune(out.String()); len(clean) > maxForeignText {
		return string(clean[:maxForeignText]) + "..."
	}
	return out.String()
}

// tokenRune reports whether r occurs in base64url, base64 and the codes made
// of letters and digits.
func tokenRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '+'
}
