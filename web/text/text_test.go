package text_test

import (
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"mfaserver/web/text"
)

var (
	actions = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	element = regexp.MustCompile(`(?s)<[^>]*>`)
	spoken  = regexp.MustCompile(`\b(?:placeholder|title|alt|aria-label|aria-description|aria-roledescription|aria-valuetext)="([^"]*)"`)
	button  = regexp.MustCompile(`<input[^>]*type="(?:submit|button|reset)"`)
)

// faults are the words of a template that its reader would see or hear.
func faults(source string) []string {
	var found []string
	note := func(words string) {
		if words = strings.TrimSpace(words); strings.ContainsFunc(words, unicode.IsLetter) {
			found = append(found, words)
		}
	}
	source = actions.ReplaceAllString(source, "")
	for _, e := range element.FindAllString(source, -1) {
		for _, m := range spoken.FindAllStringSubmatch(e, -1) {
			note(m[1])
		}
		if button.MatchString(e) {
			note("a button that is an input: " + e)
		}
	}
	for words := range strings.SplitSeq(element.ReplaceAllString(source, "\n"), "\n") {
		note(words)
	}
	return found
}

// Templates hold no words: what people read stands in this package.
func TestTemplatesHoldNoWords(t *testing.T) {
	t.Parallel()
	seen := 0
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		seen++
		source, err := fs.ReadFile(os.DirFS(".."), path)
		for _, words := range faults(string(source)) {
			t.Errorf("%s: %s", path, words)
		}
		return err
	})
	if err != nil || seen < 8 {
		t.Errorf("%d templates, %v", seen, err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		source string
		faults int
	}{
		{`<p class="quiet">{{.T.Lead}} · {{icon "user"}}</p>`, 0},
		{`<p>{{if .A}}yes{{end}}</p>`, 1},
		{`<input placeholder="Name" aria-label="{{.T.Name}}">`, 1},
		{`<input type="submit" value="{{.T.Go}}">`, 1},
		{"<p\nclass=\"a\">\n–\n</p>", 0},
		{`<a title="{{.T.A}} now">`, 1},
	} {
		if got := faults(tt.source); len(got) != tt.faults {
			t.Errorf("faults(%q) = %q, want %d", tt.source, got, tt.faults)
		}
	}
}

// Each field of the language says something, without spaces around it. What is
// in lists may leave out a part.
func TestNothingIsUnsaid(t *testing.T) {
	t.Parallel()
	unsaid(t, "English", reflect.ValueOf(text.English))
}

func unsaid(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			unsaid(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			unsaid(t, path+"["+key.String()+"]", v.MapIndex(key))
		}
	case reflect.String:
		if s := v.String(); s == "" || s != strings.TrimSpace(s) {
			t.Errorf("%s = %q", path, s)
		}
	default:
	}
}
