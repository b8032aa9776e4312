package secrettest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"mfaserver/internal/secret"
	"mfaserver/internal/secret/secrettest"
)

const canary = "canary-2f7b91aa"

// witness takes the failures of what is tested.
type witness struct {
	testing.TB
	failures []string
}

func (*witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

type plain struct{ Password string }

type unexported struct{ password []byte }

type careful struct{ Password secret.Secret }

// loudJSON is careful but for its JSON.
type loudJSON struct{ careful }

func (l loudJSON) MarshalJSON() ([]byte, error) { return json.Marshal(l.Password.Reveal()) }

func TestHides(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		value any
		shows bool
	}{
		"plain field":            {plain{canary}, true},
		"plain field, pointer":   {&plain{canary}, true},
		"unexported bytes":       {unexported{[]byte(canary)}, true},
		"map":                    {map[string]string{"a": canary}, true},
		"key of a map":           {map[string]int{canary: 1}, true},
		"JSON only":              {loudJSON{careful{secret.New(canary)}}, true},
		"error":                  {fmt.Errorf("refused: %s", canary), true},
		"careful":                {careful{secret.New(canary)}, false},
		"careful, pointer":       {&careful{secret.New(canary)}, false},
		"nothing":                {plain{"other"}, false},
		"a function has no JSON": {struct{ F func() }{func() {}}, false},
		// A verb that does not fit a pointer prints what it points to.
		"unexported pointer": {struct{ p *plain }{&plain{canary}}, true},
	} {
		w := &witness{TB: t}
		secrettest.Hides(w, tt.value, canary)
		if (len(w.failures) > 0) != tt.shows {
			t.Errorf("%s: failures %v, want some: %t", name, w.failures, tt.shows)
		}
	}
}

// Every exported struct of a package has to be looked at or excused.
func TestCheckIsComplete(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		table secrettest.Table
		want  string
	}{
		"complete":     {secrettest.Table{Values: []any{&secrettest.Table{}}}, ""},
		"excused":      {secrettest.Table{Exempt: map[string]string{"Table": "holds what a test made up"}}, ""},
		"forgotten":    {secrettest.Table{}, "Table"},
		"no reason":    {secrettest.Table{Exempt: map[string]string{"Table": ""}}, "without need or reason"},
		"stale excuse": {secrettest.Table{Values: []any{secrettest.Table{}}, Exempt: map[string]string{"Chair": "gone"}}, "Chair"},
	} {
		w := &witness{TB: t}
		tt.table.Check(w)
		got := strings.Join(w.failures, "\n")
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: failures %q, want %q", name, got, tt.want)
		}
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	type inner struct{ Code secret.Secret }
	type outer struct {
		Direct  secret.Secret
		Inner   inner
		Pointer *inner
		List    []inner
		Codes   []secret.Secret
		Three   [3]secret.Secret
		Self    *outer
		Name    string
	}
	got := secrettest.Fill(new(outer), canary)
	for name, s := range map[string]secret.Secret{
		"Direct": got.Direct, "Inner": got.Inner.Code, "Pointer": got.Pointer.Code, "List": got.List[0].Code,
		"Codes": got.Codes[0], "Three": got.Three[2], "Self": got.Self.Direct,
	} {
		if s.Reveal() != canary {
			t.Errorf("%s = %q, want the canary", name, s.Reveal())
		}
	}
}

func ExampleShows() {
	fmt.Println(secrettest.Shows(fmt.Sprintf("%x", "hunter2hunter2"), "hunter2hunter2"))
	fmt.Println(secrettest.Shows(fmt.Sprint(secret.New("hunter2hunter2")), "hunter2hunter2"))
	// Output:
	// true
	// false
}
