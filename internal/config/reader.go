package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/secret"
)

// reader collects faults while it reads a document.
type reader struct {
	dir       string
	lookupEnv func(string) (string, bool)
	// beginning says what to write into an empty file.
	beginning string
	faults    []Fault
	// inlineSecrets are the places where the file itself holds a secret.
	inlineSecrets []place
	envUsed       map[string]secret.Secret
	// lines are where the settings stand, by their paths.
	lines map[string]int
	// listing is nil but for [Settings], which reads an empty file to see what
	// is asked of it.
	listing *listing
}

type place struct {
	line int
	key  string
}

func (r *reader) fault(line int, key, format string, args ...any) {
	r.faults = append(r.faults, Fault{Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

// quote shows a value of the file, shortened.
func quote(s string) string {
	const longest = 60
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "..."
	}
	return strconv.Quote(s)
}

// section is a map whose keys are taken one by one; what is left at the end
// is unknown.
type section struct {
	r    *reader
	path string
	line int
	set  bool
	// broken is set when the value is no map: nothing in it is missing then.
	broken bool
	vals   map[string]entry
	order  []string
	known  []string
}

// open makes a section of v, and faults keys given twice.
func (r *reader) open(v *value, path string) *section {
	s := &section{r: r, path: path, line: v.line, set: true, vals: make(map[string]entry)}
	if v.kind != kindMap && v.kind != kindNull {
		r.fault(v.line, path, "must hold keys of its own; write `key: value` lines below it")
		s.broken = true
		return s
	}
	for _, e := range v.entries {
		if first, ok := s.vals[e.key]; ok {
			r.fault(e.line, s.at(e.key), "given twice, first in line %d; delete one", first.line)
			continue
		}
		s.vals[e.key] = e
		r.lines[s.at(e.key)] = e.line
		s.order = append(s.order, e.key)
	}
	return s
}

// at is the path of a key.
func (s *section) at(key string) string {
	if len(key) > 60 {
		key = key[:60] + "..."
	}
	key = strings.ToValidUTF8(strings.Map(printable, key), "?")
	if s.path == "" {
		return key
	}
	return s.path + "." + key
}

func printable(c rune) rune {
	if strconv.IsPrint(c) {
		return c
	}
	return '?'
}

// missing faults the absence of a key.
func (s *section) missing(key, what string) {
	if !s.broken {
		s.r.fault(s.line, s.at(key), "missing; %s", what)
	}
}

// take removes the key, under its name or an alias, and returns it; ok is
// false when it is not there.
func (s *section) take(names ...string) (e entry, ok bool) {
	s.known = append(s.known, names[0])
	s.r.listing.add(s.at(names[0]), names[1:])
	for _, name := range names {
		found, there := s.vals[name]
		if !there {
			continue
		}
		delete(s.vals, name)
		if ok {
			s.r.fault(found.line, s.at(name), "the same setting as %s in line %d; delete one", e.key, e.line)
			continue
		}
		e, ok = found, true
	}
	return e, ok
}

// sub opens the map below key; an absent one is empty and not set.
func (s *section) sub(key string) *section {
	e, ok := s.take(key)
	if !ok {
		return &section{r: s.r, path: s.at(key), line: s.line, set: s.r.listing != nil}
	}
	sub := s.r.open(e.value, s.at(key))
	sub.line = e.line
	return sub
}

// done faults every key that nobody took.
func (s *section) done() {
	for _, key := range s.order {
		e, left := s.vals[key]
		if !left {
			continue
		}
		hint := ""
		if near := nearest(key, s.known); near != "" {
			hint = "; did you mean " + near + "?"
		}
		s.r.fault(e.line, s.at(key), "unknown key%s", hint)
	}
}

// scalar takes a key whose value must be of kind k.
func (s *section) scalar(k kind, want string, names ...string) (entry, bool) {
	e, ok := s.take(names...)
	s.r.listing.takes(s.at(names[0]), want)
	if !ok {
		return e, false
	}
	switch {
	case e.value.kind == kindNull:
		s.r.fault(e.line, s.at(e.key), "has no value; write %s or delete the line", want)
		return e, false
	case e.value.kind != k:
		hint := ""
		if want == aText && e.value.kind != kindMap && e.value.kind != kindList {
			hint = "; put it in quotes"
		}
		s.r.fault(e.line, s.at(e.key), "must be %s%s", want, hint)
		return e, false
	}
	return e, true
}

const (
	aText     = "text"
	aTextList = "a list of texts"
)

// text takes a text that is not empty; def stands for an absent one.
func (s *section) text(def string, names ...string) (string, entry) {
	e, ok := s.scalar(kindText, aText, names...)
	s.r.listing.defaults(s.at(names[0]), def)
	if !ok {
		return def, e
	}
	if e.value.text == "" {
		s.r.fault(e.line, s.at(e.key), "is empty; write a value or delete the line")
		return def, e
	}
	if strings.ContainsFunc(e.value.text, func(c rune) bool { return c < ' ' || c == 0x7F }) {
		s.r.fault(e.line, s.at(e.key), "holds a line break or control character; write it on one line")
		return def, e
	}
	return e.value.text, e
}

// word takes one of a few words.
func (s *section) word(key, def string, words ...string) (string, entry) {
	got, e := s.text(def, key)
	s.r.listing.takes(s.at(key), strings.Join(words, ", "))
	if e.value != nil && !slices.Contains(words, got) {
		s.r.fault(e.line, s.at(key), "must be one of %s", strings.Join(words, ", "))
		return def, e
	}
	return got, e
}

// boolean takes a switch that is off when it is left out.
func (s *section) boolean(key string) (bool, entry) { return s.booleanOr(key, false) }

func (s *section) booleanOr(key string, def bool) (bool, entry) {
	e, ok := s.scalar(kindBool, "true or false", key)
	s.r.listing.defaults(s.at(key), strconv.FormatBool(def))
	if !ok {
		return def, e
	}
	return strings.EqualFold(e.value.text, "true"), e
}

func (s *section) integer(key string, def, low, high int) (int, entry) {
	e, ok := s.scalar(kindInt, fmt.Sprintf("a whole number from %d to %d", low, high), key)
	s.r.listing.defaults(s.at(key), strconv.Itoa(def))
	if !ok {
		return def, e
	}
	n, err := strconv.Atoi(e.value.text)
	if err != nil || strconv.Itoa(n) != e.value.text || n < low || n > high {
		s.r.fault(e.line, s.at(key), "must be a whole number from %d to %d", low, high)
		return def, e
	}
	return n, e
}

func (s *section) duration(key string, def, low, high time.Duration) (time.Duration, entry) {
	const want = "a duration such as 10m or 12h"
	e, ok := s.scalar(kindText, want, key)
	s.r.listing.takes(s.at(key), fmt.Sprintf("a duration from %s to %s", duration(low), duration(high)))
	s.r.listing.defaults(s.at(key), durationOrNone(def))
	if !ok {
		return def, e
	}
	d, err := parseDuration(e.value.text)
	if err != nil {
		s.r.fault(e.line, s.at(key), "must be %s", want)
		return def, e
	}
	if d < low || d > high {
		s.r.fault(e.line, s.at(key), "must lie between %s and %s", low, high)
		return def, e
	}
	return d, e
}

// parseDuration reads a duration of Go, or a number of days such as 365d.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	return time.ParseDuration(text)
}

// list takes a list; each item is handed on with its path.
func (s *section) list(key string, each func(path string, v *value)) (entry, bool) {
	e, ok := s.take(key)
	if s.r.listing != nil {
		s.r.listing.takes(s.at(key), "a list")
		each(s.at(key)+"[]", &value{})
	}
	if !ok {
		return e, false
	}
	if e.value.kind != kindList {
		s.r.fault(e.line, s.at(key), "must be a list; write [...] around it")
		return e, true
	}
	for i, item := range e.value.items {
		path := fmt.Sprintf("%s[%d]", s.at(key), i)
		s.r.lines[path] = item.line
		each(path, item)
	}
	return e, true
}

// texts takes a list of texts, none empty, none twice.
func (s *section) texts(key string, each func(path string, line int, text string)) (entry, bool) {
	seen := make(map[string]bool)
	defer s.r.listing.takes(s.at(key), aTextList)
	return s.list(key, func(path string, v *value) {
		switch {
		case v.kind != kindText:
			s.r.fault(v.line, path, "must be text; put it in quotes")
		case v.text == "":
			s.r.fault(v.line, path, "is empty; delete it")
		case seen[v.text]:
			s.r.fault(v.line, path, "is in the list twice; delete one")
		default:
			seen[v.text] = true
			each(path, v.line, v.text)
		}
	})
}

// file takes a path; a relative one begins at the configuration's folder.
func (s *section) file(key string) (string, entry) {
	p, e := s.text("", key)
	return s.r.resolve(p), e
}

func (r *reader) resolve(p string) string {
	if rest, ok := strings.CutPrefix(p, credentials); ok {
		if dir, ok := r.lookupEnv(credentialsDirectory); ok && filepath.IsAbs(dir) {
			return filepath.Join(dir, rest)
		}
		return p
	}
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(r.dir, p)
}
