package adminops_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/adminops"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/helpdesk/helpdesktest"
	"mfaserver/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is the operations on a simulator, and the trail.
type bench struct {
	*duotest.Server
	desk  *helpdesk.Desk
	ops   *adminops.Service
	trail *audittest.Memory
	// lapses is what has to end by itself.
	lapses *helpdesktest.Lapses
}

func newBench(t *testing.T, children ...string) *bench {
	t.Helper()
	config := duotest.Config{Users: []duotest.User{
		{Name: "helen", Email: "helen@example.org", Phones: []duotest.Phone{{Number: "+17345550101", Platform: "Apple iOS", Activated: true}}},
		{Name: "alice", Email: "alice@example.org", Phones: []duotest.Phone{{Number: "+17345550102", Platform: "Apple iOS", Activated: true}}},
	}}
	for _, name := range children {
		config.Children = append(config.Children, duotest.Child{Name: name, Users: []duotest.User{{Name: "nurse"}}})
	}
	server, err := duotest.NewServer(config)
	must(t, err)
	t.Cleanup(server.Close)
	ca, err := duoclient.CAPEM(server.CA().CertPEM())
	must(t, err)
	app := func(key, secretKey string) *duoclient.APIConfig {
		return &duoclient.APIConfig{IntegrationKey: key, SecretKey: secret.New(secretKey), APIHost: server.APIHost, CA: ca, Simulator: true}
	}
	b := &bench{Server: server, trail: &audittest.Memory{}, lapses: &helpdesktest.Lapses{}}
	k := server.Credentials()
	c := helpdesk.Config{
		Recorder: b.trail, Lapses: b.lapses, Accounts: app(k.AccountsKey, k.AccountsSecret),
		Organizations: []helpdesk.OrgConfig{
			{Name: "default", Admin: app(k.AdminKey, k.AdminSecret), Auth: app(k.AuthKey, k.AuthSecret)},
			{Name: "prompt-only"},
		},
		Options: []duoclient.Option{duoclient.WithSleep(func(ctx context.Context, _ time.Duration) error { return ctx.Err() })},
	}
	for _, child := range server.Accounts() {
		c.Organizations = append(c.Organizations, helpdesk.OrgConfig{Name: child.Name(), AccountID: child.ID()})
	}
	desk, err := helpdesk.New(c)
	must(t, err)
	t.Cleanup(desk.Close)
	b.desk, b.ops = desk, adminops.New(desk)
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call is one with a body and pairs of ids and query parameters; names of
// parameters begin with a question mark.
func call(operation, body string, pairs ...string) adminops.Call {
	c := adminops.Call{
		Operation: operation, Body: secret.New(body), Actor: helpdesk.Actor{Name: "helen", RequestID: "req-1"},
		ID: map[string]string{}, Query: url.Values{},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, ok := strings.CutPrefix(pairs[i], "?"); ok {
			c.Query.Add(name, pairs[i+1])
			continue
		}
		c.ID[pairs[i]] = pairs[i+1]
	}
	return c
}

// do expects success and gives the result as JSON: a value, or an array.
func (b *bench) do(t *testing.T, c adminops.Call) string {
	t.Helper()
	text, err := b.try(t, c)
	if err != nil {
		t.Fatalf("%s %s = %v", c.Operation, c.Body.Reveal(), err)
	}
	return text
}

func (b *bench) try(t *testing.T, c adminops.Call) (string, error) {
	t.Helper()
	result, err := b.ops.Do(t.Context(), c)
	if err != nil {
		return "", err
	}
	value := result.Value
	if result.Items != nil {
		items := []any{}
		for item, err := range result.Items {
			if err != nil {
				return "", err
			}
			items = append(items, item)
		}
		value = items
	}
	return toJSON(t, value), nil
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

// find gives a member of a JSON object.
func find(t *testing.T, text, name string) string {
	t.Helper()
	var o map[string]any
	must(t, json.Unmarshal([]byte(text), &o))
	value, ok := o[name].(string)
	if !ok || value == "" {
		t.Fatalf("no %s in %s", name, text)
	}
	return value
}

func (b *bench) user(t *testing.T, name string) string {
	t.Helper()
	var all []map[string]any
	must(t, json.Unmarshal([]byte(b.do(t, call("users.list", "", "?username", name))), &all))
	if len(all) != 1 {
		t.Fatalf("%d users are called %s", len(all), name)
	}
	id, _ := all[0]["user_id"].(string)
	return id
}

func (b *bench) phone(t *testing.T, number string) string {
	t.Helper()
	var all []map[string]any
	must(t, json.Unmarshal([]byte(b.do(t, call("phones.list", "", "?number", number))), &all))
	if len(all) != 1 {
		t.Fatalf("%d phones have %s", len(all), number)
	}
	id, _ := all[0]["phone_id"].(string)
	return id
}
