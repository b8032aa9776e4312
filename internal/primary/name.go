package primary

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxUsername is the length of the longest username, in bytes.
const maxUsername = 256

// reserved is a name that engines let in without a password when the request
// comes from their own host (threat T014).
const reserved = "bypass"

// CheckUsername returns [ErrBadUsername] for a name that nobody can have:
// empty, longer than 256 bytes, not UTF-8, with white space at either end, with
// anything that does not print or cannot be seen, or `bypass` in any spelling.
// Names are refused, never repaired: a directory that trims and a second factor
// that does not would see two people (threat T005).
func CheckUsername(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrBadUsername)
	case len(name) > maxUsername:
		return fmt.Errorf("%w: it is longer than %d bytes", ErrBadUsername, maxUsername)
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: it is not UTF-8", ErrBadUsername)
	case name[0] == ' ' || name[len(name)-1] == ' ':
		return fmt.Errorf("%w: it begins or ends with a space", ErrBadUsername)
	}
	for _, r := range name {
		if !visible(r) {
			return fmt.Errorf("%w: it contains %U", ErrBadUsername, r)
		}
	}
	if foldName(name) == reserved {
		return fmt.Errorf("%w: it is reserved", ErrBadUsername)
	}
	return nil
}

// visible reports whether r may be in a name: letters, marks, numbers,
// punctuation, symbols and the ASCII space; nothing that shows as nothing.
func visible(r rune) bool {
	const blankBraille = '\u2800'
	switch {
	case r == unicode.ReplacementChar, r == blankBraille:
		return false
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return false
	}
	return unicode.IsPrint(r)
}

// foldName is what two names have in common when they differ only by case or
// by the form of their characters (NFKC).
func foldName(name string) string {
	// Each step can make work for the other; twice is enough for both.
	for range 2 {
		name = cases.Fold().String(norm.NFKC.String(name))
	}
	return norm.NFKC.String(name)
}

// AccountKey is the account that a typed name aims at, for counting failures.
// All spellings that a person might take for the same name share one key, the
// refused ones too (threat T007).
func AccountKey(typed string) string {
	if len(typed) > maxUsername {
		typed = typed[:maxUsername]
	}
	seen := strings.Map(func(r rune) rune {
		if visible(r) {
			return r
		}
		return -1
	}, typed)
	return strings.TrimSpace(foldName(seen))
}
