package adminops_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/adminops"
	"mfaserver/internal/secret/secrettest"
)

// Threats T158, T160, T168: what administrators say and what they are told
// prints without codes and links; only the JSON of a value holds them.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	const own = "48291375"
	b := newBench(t)
	alice, phone := b.user(t, "alice"), b.phone(t, "+17345550102")
	keys := b.Credentials()
	secrets := []string{keys.AdminSecret, keys.AuthSecret, keys.AccountsSecret}
	request := call("bypass.create", `{"reason":"phone lost","codes":["`+own+`"]}`, "user_id", alice)
	values := []any{
		request, &request, b.ops, *b.ops, b.ops.Known()[0], b.ops.Known()[0].Body,
		&adminops.ParameterError{Name: "codes", Rule: "are missing"}, &adminops.PartError{Organization: "a", Err: duoclient.ErrOutage},
		adminops.Explain(duoclient.ErrOutage),
	}
	for _, tt := range []struct {
		call   adminops.Call
		member string
	}{
		{request, "codes"},
		{call("phones.activation-url", `{}`, "phone_id", phone), "activation_url"},
		{call("users.enroll", `{"username":"erin","phone":"+17345550177"}`), "activation_url"},
	} {
		result, err := b.ops.Do(t.Context(), tt.call)
		must(t, err)
		text := toJSON(t, result.Value)
		told := own
		if tt.member != "codes" {
			told = find(t, text, tt.member)
		}
		if !strings.Contains(text, told) {
			t.Errorf("%s = %s, which does not tell", tt.call.Operation, text)
		}
		if shown := fmt.Sprintf("%v %+v %#v %s %q %d %x", result.Value, result.Value, result.Value, result.Value, result.Value, result.Value, result.Value); secrettest.Shows(shown, told) {
			t.Errorf("the value of %s prints as %s", tt.call.Operation, shown)
		}
		secrets, values = append(secrets, told), append(values, result, &result)
	}
	secrettest.Table{
		Secrets: secrets, Values: values,
		Exempt: map[string]string{"Field": "describes a parameter"},
	}.Check(t)
}

// An operation's error repeats nothing of the body.
func TestErrorsHideTheBody(t *testing.T) {
	t.Parallel()
	const own = "48291375"
	b := newBench(t)
	alice := b.user(t, "alice")
	for _, body := range []string{
		`{"reason":"x","codes":["` + own + `","` + own + `"]}`,
		`{"reason":"x","codes":"` + own + `"}`,
		`{"reason":"x","codes":["` + own + `0000000"]}`,
		`{"reason":"x","codes":["` + own + `"],"count":2}`,
		`{"reason":"x","codes":["` + own + `"]`,
		`{"codes":["` + own + `"]}`,
	} {
		c := call("bypass.create", body, "user_id", alice)
		_, err := b.ops.Do(t.Context(), c)
		if err == nil {
			t.Errorf("%s was taken", body)
			continue
		}
		secrettest.Hides(t, err, own)
		secrettest.Hides(t, errors.Join(err), own)
		secrettest.Hides(t, adminops.Explain(err), own)
	}
}
