package adminops

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

type anyCall struct {
	Method string            `json:"method" need:"yes" doc:"GET, POST, PUT or DELETE."`
	Path   string            `json:"path" need:"yes" doc:"Below /admin/v1 to /admin/v3."`
	Params map[string]string `json:"params" doc:"Names and values."`
	why
}

// answer is what Duo said, without what lets somebody in.
type answer struct {
	Response any `json:"response"`
	Metadata any `json:"metadata,omitempty"`
}

func callOperations() []operation {
	call := changes("admin.call", "Make any call of the Admin API. What has an operation of its own is changed there, where its rules are.",
		nil, helpdesk.ActionCall, makeCall)
	return []operation{call}
}

// callPath is the only form of a path: version, noun, and the rest.
var callPath = regexp.MustCompile(`^/admin/v[123]/([a-z_]+)((?:/[0-9A-Za-z_-]+)*)$`)

// ruled are the nouns whose changes have rules that a call would go around:
// bypass codes that never expire, users in bypass, links that are told to
// anybody (threats T158, T159, T160).
func ruled(noun string) bool {
	return slices.Contains([]string{"users", "phones", "bypass_codes", "bulk", "settings", "groups"}, noun)
}

func makeCall(ctx context.Context, r *request, b anyCall) (Result, error) {
	match := callPath.FindStringSubmatch(b.Path)
	if match == nil {
		return Result{}, parameterError("path", "must be below /admin/v1, /admin/v2 or /admin/v3, plain and in lower case")
	}
	reading := b.Method == http.MethodGet
	switch {
	case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}, b.Method):
		return Result{}, parameterError("method", "must be GET, POST, PUT or DELETE")
	case !reading && ruled(match[1]):
		return Result{}, parameterError("path", "has an operation of its own, or is changed with the commands: "+match[1])
	case !reading && strings.TrimSpace(b.Reason) == "":
		return Result{}, parameterError("reason", "is missing; say why, in 1 to 200 characters")
	}
	params := make(url.Values, len(b.Params))
	for name, value := range b.Params {
		params.Set(name, value)
	}
	var raw duoclient.Raw
	err := r.acts(ctx, r.order(b.why), helpdesk.ActionCall, "", func(ctx context.Context, a *duoclient.Admin) (err error) {
		raw, err = a.Call(ctx, b.Method, b.Path, params)
		return err
	}, "method", b.Method, "path", b.Path, "params", strings.Join(slices.Sorted(maps.Keys(b.Params)), " "))
	if err != nil {
		return Result{}, err
	}
	return Result{Value: answer{Response: hidden(raw.Response), Metadata: hidden(raw.Metadata)}}, nil
}

// hidden reads what Duo sent and leaves out what lets somebody in.
func hidden(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil
	}
	return hide(v)
}

func hide(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if hiddenName(name) {
				v[name] = redacted
				continue
			}
			v[name] = hide(value)
		}
	case []any:
		for i := range v {
			v[i] = hide(v[i])
		}
	}
	return v
}

// hiddenName reports members that hold keys, passwords, codes and links.
func hiddenName(name string) bool {
	name = strings.ToLower(name)
	if slices.Contains([]string{"code", "link", "message", "password", "passcode", "secret", "skey"}, name) {
		return true
	}
	return slices.ContainsFunc([]string{"secret", "activation_", "_code", "aes_key", "private_id", "portal_url"}, func(word string) bool {
		return strings.Contains(name, word) && !strings.HasSuffix(name, "_id")
	})
}
