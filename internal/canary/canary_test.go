package canary_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/canary"
)

const value = `S3cret/canary+with "odd" <letters>`

// Threat T168: the scanner finds a planted secret in every encoding, wherever it
// stands, and nothing where there is none.
func TestScanFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	var set canary.Set
	if err := set.Add("password", value); err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal(map[string]string{"text": value})
	if err != nil {
		t.Fatal(err)
	}
	backwards := []byte(value)
	slices.Reverse(backwards)
	for name, text := range map[string]string{
		"plain":            "level=debug password=" + value + " end",
		"JSON":             string(quoted),
		"a Go string":      fmt.Sprintf("%q", value),
		"a query":          url.Values{"password": {value}}.Encode(),
		"a path":           url.PathEscape(value),
		"hex":              hex.EncodeToString([]byte("xx" + value)),
		"upper hex":        strings.ToUpper(hex.EncodeToString([]byte(value))),
		"reversed":         string(backwards),
		"Basic":            "Basic " + base64.StdEncoding.EncodeToString([]byte("alice:"+value)),
		"base64, shift 0":  base64.StdEncoding.EncodeToString([]byte(value + "behind")),
		"base64, shift 1":  base64.StdEncoding.EncodeToString([]byte("1" + value + "behind")),
		"base64, shift 2":  base64.URLEncoding.EncodeToString([]byte("12" + value)),
		"a dump in UTF-16": strings.Join(strings.Split(value, ""), "\x00") + "\x00",
		"HTML":             "<td>S3cret/canary+with &#34;odd&#34; &lt;letters&gt;</td>",
	} {
		found := set.Scan(name, []byte(text))
		if len(found) == 0 {
			t.Errorf("%s: not found in %s", name, text)
			continue
		}
		if found[0].Secret != "password" || found[0].Place != name || strings.Contains(found[0].String(), value) {
			t.Errorf("%s: found %v", name, found)
		}
	}
	for _, text := range []string{"", "nothing here", value[:len(value)-1], base64.StdEncoding.EncodeToString([]byte("S3cret"))} {
		if found := set.Scan("clean", []byte(text)); len(found) > 0 {
			t.Errorf("found %v in %q", found, text)
		}
	}
}

// What is too short is refused: it would be found by chance, or be left out.
func TestShortSecretsAreRefused(t *testing.T) {
	t.Parallel()
	var set canary.Set
	if err := set.Add("code", "123456"); err == nil || len(set.Names()) != 0 {
		t.Errorf("Add = %v, and %v is looked for", err, set.Names())
	}
}
