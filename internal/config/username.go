package config

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

// Errors of [Config.DuoUsername].
var (
	// ErrNoDuoUsername: the mapping leaves nothing that could be a name.
	ErrNoDuoUsername = errors.New("config: the mapping leaves no name for Duo")
	// ErrAmbiguous: Duo's name belongs to another user of the engine.
	ErrAmbiguous = errors.New("config: two users have one name for Duo")
)

// duoNames maps canonical usernames to Duo's, one to one: Duo's user of one
// account must never approve another account. What the map file gives belongs
// to the name beside it. What the two other settings give belongs to the name
// that had it first since the start: nobody here knows all users of an engine.
// Duo takes no notice of case, so neither does the comparison.
type duoNames struct {
	settings DuoUsername
	mu       sync.Mutex
	owners   map[string]string // canonical name by Duo's in lower case
}

func newDuoNames(settings DuoUsername) *duoNames {
	n := &duoNames{settings: settings, owners: make(map[string]string)}
	for canonical, name := range settings.Map {
		n.owners[strings.ToLower(name)] = canonical
	}
	return n
}

// DuoUsername returns Duo's name for a canonical username, as duo.username
// says. It refuses, with [ErrAmbiguous], a name that belongs to another user.
// Without settings the names are the same. It is safe for concurrent use.
func (c *Config) DuoUsername(canonical string) (string, error) {
	if c.duoNames == nil {
		return canonical, nil
	}
	return c.duoNames.name(canonical)
}

func (n *duoNames) name(canonical string) (string, error) {
	if name, ok := n.settings.Map[canonical]; ok {
		return name, nil
	}
	name := n.settings.derive(canonical)
	if !goodUsername(name) {
		return "", ErrNoDuoUsername
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	key := strings.ToLower(name)
	if owner, taken := n.owners[key]; taken && owner != canonical {
		return "", ErrAmbiguous
	}
	n.owners[key] = canonical
	return name, nil
}

// derive cuts domains off and lowers.
func (d DuoUsername) derive(canonical string) string {
	name := canonical
	if left, domain, ok := cutLast(canonical, '@'); ok && d.strips(domain) {
		name = left
	} else if domain, right, ok := strings.Cut(canonical, `\`); ok && d.strips(domain) {
		name = right
	}
	if d.Lower {
		name = strings.ToLower(name)
	}
	return name
}

func (d DuoUsername) strips(domain string) bool {
	return slices.ContainsFunc(d.StripDomain, func(s string) bool { return strings.EqualFold(s, domain) })
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// goodUsername reports whether a name could be somebody's, here and at Duo.
func goodUsername(name string) bool {
	return name != "" && len(name) <= 256 && utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) })
}

// duoUsername reads duo.username.
func (r *reader) duoUsername(s *section) DuoUsername {
	defer s.done()
	var d DuoUsername
	_, _ = s.texts("strip_domain", func(path string, line int, text string) {
		if !goodUsername(text) || strings.ContainsAny(text, `@\ `) {
			r.fault(line, path, "%s is not a domain; write it like clinic.example, or CLINIC for CLINIC\\name", quote(text))
			return
		}
		d.StripDomain = append(d.StripDomain, text)
	})
	d.Lower, _ = s.boolean("lower")
	var at entry
	if d.MapFile, at = s.file("map_file"); d.MapFile != "" {
		d.Map = r.mapFile(s.at("map_file"), at.line, d.MapFile)
	}
	return d
}

// mapFile reads a map file: YAML, a line for each user, the engine's name and
// Duo's. Its faults stand at the setting that names it.
func (r *reader) mapFile(key string, line int, path string) map[string]string {
	if text := checkFile(path, writableByOthers); text != "" {
		r.fault(line, key, "%s", text)
		return nil
	}
	data, err := readFile(path)
	if err != nil || len(data) > maxFile {
		r.fault(line, key, "the file %s cannot be read, or is larger than %d bytes", path, maxFile)
		return nil
	}
	inner := &reader{lines: make(map[string]int), beginning: "write `engine's name: Duo's name` lines"}
	names := make(map[string]string)
	owners := make(map[string]int)
	if root := inner.document(data); root != nil {
		s := inner.open(root, "")
		for _, canonical := range s.order {
			name, e := s.text("", canonical)
			lower := strings.ToLower(name)
			switch first, twice := owners[lower]; {
			case name == "":
			case !goodUsername(canonical) || !goodUsername(name):
				inner.fault(e.line, "", "%s: %s cannot be usernames; write `engine's name: Duo's name`", quote(canonical), quote(name))
			case twice:
				inner.fault(e.line, "", "%s is given to the name in line %d already; two users cannot be one at Duo", quote(name), first)
			default:
				owners[lower], names[canonical] = e.line, name
			}
		}
	}
	for _, f := range inner.faults {
		if f.Key != "" {
			f.Key += ": "
		}
		r.fault(line, key, "%s:%d: %s%s", path, f.Line, f.Key, f.Text)
	}
	return names
}

func (d DuoUsername) used() bool { return len(d.StripDomain) > 0 || d.Lower || d.MapFile != "" }

func (d DuoUsername) printed() yaml.MapSlice {
	m := addList(nil, "strip_domain", d.StripDomain)
	m = append(m, yaml.MapItem{Key: "lower", Value: d.Lower})
	return addText(m, "map_file", d.MapFile)
}
