package rules_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/rules"
)

const document = `{
  "openapi": "3.0.1", "servers": [{"url": "/api"}],
  "paths": {
    "/channels/{channelId}/messages/_search": {"post": {"operationId": "getMessages_1"}},
    "/channels/{channelId}/messages/count/_search": {"post": {"operationId": "getMessageCount_1"}, "get": {}},
    "/channels/_getSummary": {"post": {"operationId": "getChannelSummary", "parameters": [{"name": "x"}]}},
    "/channels/{channelId}/messages": {"get": {"operationId": "getMessages"}, "post": {"operationId": "processMessage"}},
    "/channels/_removeChannels": {"post": {"operationId": "removeChannelsPost"}},
    "/api/4.5.2/events/_search": {"post": {}},
    "/things/_count": {"post": {"operationId": "count"}},
    "/things/{a}-{b}/_getThing": {"post": {"operationId": "findThing"}},
    "/things/_getAway": {"post": {"operationId": "removeThing"}},
    "/things/_getaway": {"post": {"operationId": "getAway"}},
    "/things/_get": {"post": {"operationId": "getAll"}},
    "/things/_getBack": {"post": {"operationId": "getterReset"}},
    "/things/_searchAndDestroy": {"post": {"operationId": "searchAndDestroy"}},
    "/things/{_search}": {"post": {"operationId": "searchThing"}},
    "/things/*/_search": {"post": {"operationId": "search"}},
    "/things/_getPut": {"put": {"operationId": "getPut"}},
    "/connectors/jdbc/_getTables": {"post": {"operationId": "getTables"}, "get": {"operationId": "getTables_1"}},
    "no/_search": {"post": {}},
    "": {"post": {}}
  }
}`

func TestReadingOperations(t *testing.T) {
	t.Parallel()
	r, err := rules.ReadingOperations([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/channels/*/messages/_search", "/channels/*/messages/count/_search", "/channels/_getSummary",
		"/connectors/jdbc/_getTables", "/events/_search", "/things/*-*/_getThing", "/things/_count",
	}
	if diff := cmp.Diff(want, r.Operations()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for request, want := range map[[2]string]bool{
		{"POST", "/channels/1/messages/_search"}: true, {"POST", "/channels/1/messages/_search/"}: true, {"POST", "/events/_search"}: true,
		{"POST", "/channels/1/messages"}: false, {"POST", "/channels/_removeChannels"}: false, {"POST", "/things/_getAway"}: false,
		{"PUT", "/events/_search"}: false, {"DELETE", "/events/_search"}: false, {"post", "/events/_search"}: false, {"PATCH", "/"}: false,
		{"POST", "/Events/_search"}: false, {"POST", "/events/_Search"}: false, {"POST", "/channels/a/b/messages/_search"}: false,
		{"GET", "/channels"}: true, {"HEAD", "/users/1"}: true, {"OPTIONS", "/users"}: true, {"GET", "/"}: true, {"get", "/channels"}: false,
	} {
		if got := r.Reads(request[0], request[1]); got != want {
			t.Errorf("Reads(%s %s) = %t", request[0], request[1], got)
		}
	}
}

// The services of connectors open connections for whoever asks, a database's
// with any driver and URL: nobody who may only read gets there.
func TestConnectorsDoNotRead(t *testing.T) {
	t.Parallel()
	fromDocument, err := rules.ReadingOperations([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []rules.Reading{fromDocument, rules.DefaultReading(), {}} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST"} {
			for _, path := range []string{
				"/connectors/jdbc/_getTables", "/connectors", "/Connectors/x", "/%63onnectors/jdbc/_getTables", "/%zz", "connectors/x", "//connectors/x",
			} {
				if r.Reads(method, path) {
					t.Errorf("Reads(%s %s)", method, path)
				}
			}
		}
	}
}

func TestDefaultReading(t *testing.T) {
	t.Parallel()
	r := rules.DefaultReading()
	for _, path := range []string{
		"/channels/_getSummary", "/channels/1/messages/_search", "/channels/1/messages/count/_search", "/events/_search",
		"/channels/statuses/_getChannelStatusList", "/codeTemplates/_getSummary",
	} {
		if !r.Reads("POST", path) {
			t.Errorf("POST %s does not read", path)
		}
	}
	for _, path := range []string{
		"/users", "/channels/_deploy", "/channels/1/messages", "/channels/1/messages/_reprocess", "/events/_export", "/server/_testEmail",
		"/extensions/_install", "/users/_checkPassword", "/channels/_clearStatistics",
	} {
		if r.Reads("POST", path) {
			t.Errorf("POST %s reads", path)
		}
	}
	var none rules.Reading
	if none.Reads("POST", "/events/_search") || !none.Reads("GET", "/events") {
		t.Error("the zero Reading knows POSTs, or no GET")
	}
	operations := r.Operations()
	operations[0] = "/users"
	if r.Reads("POST", "/users") || slices.Contains(r.Operations(), "/users") {
		t.Error("Operations hands out its own list")
	}
}

func TestReadingOperationsRefuses(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		"", "null", "[]", "{}", `{"paths": {}}`, `{"paths": []}`, `{"paths": {"/a": []}}`, `{"paths": {"/a": {"post": []}}}`,
		`{"paths": {"/a": {"post": {"operationId": 7}}}}`, `{"paths": {"/a": {}}} trailing`, "<html>", strings.Repeat(" ", 17<<20),
	} {
		if _, err := rules.ReadingOperations([]byte(doc)); !errors.Is(err, rules.ErrDocument) {
			t.Errorf("%.40q: %v, want %v", doc, err, rules.ErrDocument)
		}
	}
}

// Whatever an engine says of itself, a POST to a path whose last segment does
// not say so never reads.
func FuzzReadingOperations(f *testing.F) {
	f.Add([]byte(document), "/channels/1/messages")
	f.Add([]byte(`{"paths": {"/{a}": {"post": {}}, "/users/_get*": {"post": {}}, "/**/_search": {"post": {}}}}`), "/users")
	f.Fuzz(func(t *testing.T, doc []byte, path string) {
		r, err := rules.ReadingOperations(doc)
		if err != nil {
			if !errors.Is(err, rules.ErrDocument) {
				t.Fatal(err)
			}
			return
		}
		if r.Reads("POST", path) && !strings.ContainsAny(path, "_%") {
			t.Errorf("POST %q reads by %q", path, r.Operations())
		}
	})
}
