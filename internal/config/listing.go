package config

import (
	"strings"
	"time"
)

// Setting is one key of the configuration file.
type Setting struct {
	// Path is where it stands: login.lifetime; rules[].name in every row of a
	// list.
	Path string
	// Aliases are other names of the same key.
	Aliases []string
	// Takes says what to write: a type, with its bounds.
	Takes string
	// Default holds when it is left out; empty: nothing, or what Meaning says.
	Default string
	// Meaning says what it does, in Markdown; empty for a key that does nothing
	// but hold others.
	Meaning string
}

// Settings lists every key that the configuration file may have, in the order of
// [Reference]. It is what the reader of the file asks for, so none can be
// missing.
func Settings() []Setting {
	l := &listing{index: make(map[string]int)}
	r := &reader{lines: make(map[string]int), lookupEnv: func(string) (string, bool) { return "", false }, listing: l}
	r.config(&value{kind: kindMap, line: 1})
	l.add("groups.NAME", nil)
	l.takes("groups.NAME", aTextList)
	texts := meanings()
	bySection := make(map[string][]Setting)
	for _, s := range l.settings {
		s.Meaning = meaningOf(texts, s.Path)
		bySection[s.section()] = append(bySection[s.section()], s)
	}
	var out []Setting
	for _, c := range chapters() {
		for _, section := range c.sections {
			out = append(out, bySection[section]...)
			delete(bySection, section)
		}
	}
	for _, left := range bySection {
		out = append(out, left...)
	}
	return out
}

// meaningOf finds a text by the path, or by its last word.
func meaningOf(texts map[string]string, path string) string {
	if text, ok := texts[path]; ok {
		return text
	}
	return texts["*"+path[max(0, strings.LastIndexByte(path, '.')):]]
}

// section is the first word of the path.
func (s Setting) section() string {
	return s.Path[:len(s.Path)-len(strings.TrimLeft(s.Path, "abcdefghijklmnopqrstuvwxyz_"))]
}

// listing notes what a reader asks for. A nil one notes nothing.
type listing struct {
	settings []Setting
	index    map[string]int
}

const keysOfItsOwn = "keys of its own"

func (l *listing) add(path string, aliases []string) {
	if l == nil {
		return
	}
	if _, ok := l.index[path]; !ok {
		l.index[path] = len(l.settings)
		l.settings = append(l.settings, Setting{Path: path, Aliases: aliases, Takes: keysOfItsOwn})
	}
}

func (l *listing) takes(path, what string) {
	if l != nil {
		l.settings[l.index[path]].Takes = what
	}
}

func (l *listing) defaults(path, text string) {
	if l != nil {
		l.settings[l.index[path]].Default = text
	}
}

// durationOrNone prints a default; none is empty.
func durationOrNone(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return duration(d)
}
