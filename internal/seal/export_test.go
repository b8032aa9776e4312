package seal

import "strings"

// ParseKey reads the text of a key file.
func ParseKey(text string) (Key, error) { return parseKey(strings.NewReader(text), "key") }
