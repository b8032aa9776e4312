// Package canary looks for secrets where none may be: a test gives it every
// value that must not leak, and then everything that a run left behind. A value
// is found in the encodings that logs, dumps and answers use.
package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// shortest is the length from which on a value is told from chance.
const shortest = 8

// Finding is a secret that was found.
type Finding struct {
	// Place is where, Secret the name of what, Encoding how it was written.
	Place, Secret, Encoding string
	// At is the offset in bytes.
	At int
}

// String says it without the value.
func (f Finding) String() string {
	return fmt.Sprintf("%s holds %s (%s) at byte %d", f.Place, f.Secret, f.Encoding, f.At)
}

// Set is what is looked for. It is not safe for concurrent use.
type Set struct {
	names map[string]bool
	all   []form
}

// form is one way to write one secret.
type form struct {
	secret, encoding string
	text             []byte
}

// Add takes a secret under a name. Values that are too short to be told from
// chance are refused: the run has to use longer ones.
func (s *Set) Add(name, value string) error {
	if len(value) < shortest {
		return fmt.Errorf("canary: %s is shorter than %d bytes", name, shortest)
	}
	if s.names == nil {
		s.names = make(map[string]bool)
	}
	s.names[name] = true
	for encoding, texts := range forms(value) {
		for _, text := range texts {
			f := form{name, encoding, []byte(text)}
			if !slices.ContainsFunc(s.all, func(o form) bool { return o.secret == name && bytes.Equal(o.text, f.text) }) {
				s.all = append(s.all, f)
			}
		}
	}
	return nil
}

// Names are the secrets that are looked for.
func (s *Set) Names() []string {
	names := make([]string, 0, len(s.names))
	for n := range s.names {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Scan finds the secrets in data.
func (s *Set) Scan(place string, data []byte) []Finding {
	var found []Finding
	for _, f := range s.all {
		if at := bytes.Index(data, f.text); at >= 0 {
			found = append(found, Finding{Place: place, Secret: f.secret, Encoding: f.encoding, At: at})
		}
	}
	return found
}

// forms are the ways to write a value.
func forms(value string) map[string][]string {
	reversed := []byte(value)
	slices.Reverse(reversed)
	inHex := hex.EncodeToString([]byte(value))
	return map[string][]string{
		"plain":    {value},
		"reversed": {string(reversed)},
		"hex":      {inHex, strings.ToUpper(inHex)},
		"URL":      {url.QueryEscape(value), url.PathEscape(value), percent(value, "%02X"), percent(value, "%02x")},
		"JSON":     {jsonText(value), unicodeText(value)},
		"quoted":   {strings.Trim(strconv.Quote(value), `"`)},
		"HTML":     {html.EscapeString(value)},
		"base64":   slices.Concat(aligned(value, base64.RawStdEncoding), aligned(value, base64.RawURLEncoding)),
		"UTF-16":   {utf16Text(value)},
		"upper":    {strings.ToUpper(value)},
	}
}

// percent writes every byte as %XX.
func percent(value, format string) string {
	var b strings.Builder
	for _, c := range []byte(value) {
		fmt.Fprintf(&b, "%%"+format, c)
	}
	return b.String()
}

func jsonText(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		return value // a string always can be
	}
	return string(text[1 : len(text)-1])
}

// unicodeText is the JSON of encoders that escape everything.
func unicodeText(value string) string {
	var b strings.Builder
	for _, r := range value {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

// utf16Text is as Java's and Windows' dumps have it.
func utf16Text(value string) string {
	var b strings.Builder
	for _, c := range []byte(value) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

// aligned are the parts of a base64 text that are the same whatever stands
// around the value, for each of the three places at which it can begin.
func aligned(value string, encoding *base64.Encoding) []string {
	var texts []string
	for before := range 3 {
		text := encoding.EncodeToString(append(make([]byte, before), value...))
		// The characters that hold bits of what stands before or behind.
		from := (before*8 + 5) / 6
		to := (before + len(value)) * 8 / 6
		texts = append(texts, text[from:to])
	}
	return texts
}
