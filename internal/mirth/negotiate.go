package mirth

import (
	"mime"
	"regexp"
	"strconv"
	"strings"
)

// maxRanges is how many media ranges of an Accept header are looked at; empty
// ones do not count (RFC 9110, section 5.6.1.2).
const maxRanges = 64

// quality is the grammar of a q-value (RFC 9110, section 12.4.2).
var quality = regexp.MustCompile(`^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$`)

// preference is how much a client wants one format.
type preference struct {
	q float64
	// wildcards is 0 for an exact name, 1 for type/*, 2 for */*.
	wildcards int
	// place is the position of the range among all of them.
	place int
	found bool
}

// Negotiate chooses the format for the Accept lines of a request as the
// engine does: the higher q-value wins, then the more exact range, then the
// one named first, then XML. No Accept at all means XML. It reports false
// when neither format is acceptable (406). Ranges that cannot be read are
// skipped.
func Negotiate(accept []string) (Format, bool) {
	var xml, json preference
	place := 0
	for _, line := range accept {
		for rest := line; rest != "" && place < maxRanges; {
			var item string
			item, rest = cutRange(rest)
			if strings.TrimSpace(item) == "" {
				continue
			}
			place++
			name, q, ok := mediaRange(item)
			if !ok {
				continue
			}
			xml.consider(name, typeXML, q, place)
			json.consider(name, typeJSON, q, place)
		}
	}
	if place == 0 {
		return FormatXML, true
	}
	if json.beats(xml) {
		return FormatJSON, true
	}
	return FormatXML, xml.acceptable()
}

// consider takes the range over if it matches typ more exactly than what is
// known so far.
func (p *preference) consider(name, typ string, q float64, place int) {
	wildcards := 0
	switch name {
	case typ:
	case "application/*":
		wildcards = 1
	case "*/*":
		wildcards = 2
	default:
		return
	}
	if p.found && p.wildcards <= wildcards {
		return
	}
	*p = preference{q: q, wildcards: wildcards, place: place, found: true}
}

func (p preference) acceptable() bool { return p.found && p.q > 0 }

// beats reports whether p is strictly preferred to other.
func (p preference) beats(other preference) bool {
	switch {
	case !p.acceptable() || !other.acceptable():
		return p.acceptable()
	case p.q != other.q:
		return p.q > other.q
	case p.wildcards != other.wildcards:
		return p.wildcards < other.wildcards
	default:
		return p.place < other.place
	}
}

// cutRange splits at the first comma outside quotes.
func cutRange(s string) (item, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == ',' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// mediaRange reads one range and its q-value, 1 when it has none.
func mediaRange(item string) (name string, q float64, ok bool) {
	name, params, err := mime.ParseMediaType(item)
	if err != nil {
		return "", 0, false
	}
	value, given := params["q"]
	if !given {
		return name, 1, true
	}
	if !quality.MatchString(value) {
		return "", 0, false
	}
	q, err = strconv.ParseFloat(value, 64)
	return name, q, err == nil
}
