package audit

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxText is the most that one value takes in a line, in bytes as written
// (threat T183).
const maxText = 256

// maxAgent is the most that the client's word for itself takes in a chained
// line, so that a bad login stays within 600 bytes (threat T183).
const maxAgent = 192

// markRoom is kept free for the mark of a cut: an ellipsis, a plus, a number.
const markRoom = len("…+") + 19

// appendText appends s as the inside of a JSON string, at most maxText bytes.
func appendText(dst []byte, s string) []byte { return appendCut(dst, s, maxText) }

// appendCut is appendText with at most that many bytes.
func appendCut(dst []byte, s string, most int) []byte {
	start, cut, cutAt := len(dst), len(dst), 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		before := len(dst)
		dst = appendRune(dst, r)
		if len(dst)-start > most {
			dst = append(dst[:cut], "…+"...)
			return strconv.AppendInt(dst, int64(len(s)-cutAt), 10)
		}
		if before-start <= most-markRoom {
			cut, cutAt = before, i
		}
		i += size
	}
	return dst
}

// appendRune appends one code point, escaped unless it prints and means
// nothing to JSON or HTML.
func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == utf8.RuneError:
		return append(dst, `\ufffd`...)
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '<' || r == '>' || r == '&' || !unicode.IsPrint(r):
		if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
			return appendEscape(appendEscape(dst, high), low)
		}
		return appendEscape(dst, r)
	}
	return utf8.AppendRune(dst, r)
}

func appendEscape(dst []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// Printable is s for a terminal or a table: everything that does not print is
// escaped, as \u with four digits, and a byte that is not UTF-8 becomes \ufffd.
func Printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }) {
		return s
	}
	var b []byte
	for _, r := range s {
		if r != utf8.RuneError && unicode.IsPrint(r) {
			b = utf8.AppendRune(b, r)
			continue
		}
		if high, low := utf16.EncodeRune(r); high != unicode.ReplacementChar {
			b = appendEscape(appendEscape(b, high), low)
			continue
		}
		b = appendEscape(b, r)
	}
	return string(b)
}
