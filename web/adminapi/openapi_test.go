package adminapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/adminops"
	"mfaserver/web/adminapi"
)

var update = flag.Bool("update", false, "write openapi.json anew")

type object = map[string]any

// The document is what the routes and their operations say, no more and no
// less; with -update it is written.
func TestOpenAPIMatchesRoutes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetIndent("", "  ")
	must(t, enc.Encode(document(s.api.Routes())))
	if *update {
		must(t, os.WriteFile("openapi.json", want.Bytes(), 0o600))
	}
	got := s.send(t, "GET", "/openapi.json", "")
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != "application/json" || got.body != want.String() {
		t.Errorf("GET openapi.json = %d, and is not what the routes say; run this test with -update", got.StatusCode)
	}
	for _, tt := range []struct{ method, target, session string }{
		{"GET", "/openapi.json", userID}, {"GET", "/openapi.json", ""}, {"GET", "/openapi.json?x=1", adminID}, {"POST", "/openapi.json", adminID},
	} {
		if got := s.as(t, tt.session, tt.method, tt.target, "{}"); got.StatusCode == 200 || strings.Contains(got.body, "paths") {
			t.Errorf("%s %s as %q = %d", tt.method, tt.target, tt.session, got.StatusCode)
		}
	}
}

// document is the OpenAPI document of the routes.
func document(routes []adminapi.Route) object {
	known := map[string]adminops.Operation{"openapi": {Summary: "Get this document."}}
	for _, op := range adminops.New(nil).Known() {
		known[op.Name] = op
	}
	paths := object{}
	for _, r := range routes {
		if paths[r.Path] == nil {
			paths[r.Path] = object{}
		}
		paths[r.Path].(object)[strings.ToLower(r.Method)] = operation(r, known[r.Operation])
	}
	return object{
		"openapi": "3.0.3",
		"info": object{
			"title": "mfaserver administrators' API", "version": "1",
			"description": "The help desk's operations on Duo. Reachable from admin.networks alone; needs X-Requested-With and the session of an administrator who gave a second factor. Every call is recorded before it has an effect. Answers are not to be stored: some hold what is told once.",
		},
		"servers":    []any{object{"url": adminapi.Base}},
		"security":   []any{object{"session": []any{}}},
		"paths":      paths,
		"components": components(),
	}
}

func operation(r adminapi.Route, op adminops.Operation) object {
	parameters := []any{object{"$ref": "#/components/parameters/XRequestedWith"}}
	for _, id := range op.IDs {
		parameters = append(parameters, object{
			"name": id, "in": "path", "required": true, "schema": object{"type": "string", "pattern": "^[0-9A-Za-z]{20}$"},
		})
	}
	if r.Operation != "openapi" && !strings.HasPrefix(r.Operation, "accounts.") && r.Operation != "orgs.list" {
		parameters = append(parameters, object{"$ref": "#/components/parameters/Org"})
	}
	for _, f := range op.Query {
		parameters = append(parameters, object{
			"name": f.Name, "in": "query", "required": f.Required, "description": f.Doc, "schema": schemaOf(f),
		})
	}
	if op.List {
		parameters = append(parameters, object{"$ref": "#/components/parameters/Limit"}, object{"$ref": "#/components/parameters/Offset"})
	}
	out := object{
		"operationId": r.Operation, "summary": op.Summary, "parameters": parameters, "responses": responses(r, op),
	}
	if r.Method == http.MethodPost && r.Operation != "openapi" {
		out["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": bodySchema(op.Body)}}}
	}
	if op.Secret {
		out["description"] = "The answer holds what is told only this once."
	}
	return out
}

func bodySchema(fields []adminops.Field) object {
	properties, required := object{}, []string{}
	for _, f := range fields {
		s := schemaOf(f)
		s["description"] = f.Doc
		properties[f.Name] = s
		if f.Required {
			required = append(required, f.Name)
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		slices.Sort(required)
		schema["required"] = required
	}
	return schema
}

func schemaOf(f adminops.Field) object {
	s := object{"type": f.Type}
	if f.Type == "array" {
		s["items"] = object{"type": "string"}
	}
	return s
}

func responses(r adminapi.Route, op adminops.Operation) object {
	out := object{}
	for status := range failures() {
		ours := slices.Contains([]string{"400", "401", "403", "404", "503"}, status)
		posted := status == "413" || status == "415"
		if ours || posted && r.Method == http.MethodPost || !posted && r.Operation != "openapi" {
			out[status] = object{"$ref": "#/components/responses/" + status}
		}
	}
	switch {
	case op.Stream:
		out["200"] = object{"description": "Items as they come; complete tells whether that was all.", "content": content(object{"$ref": "#/components/schemas/Stream"})}
	case op.List:
		out["200"] = object{"description": "A part of the list.", "content": content(object{"$ref": "#/components/schemas/List"})}
	default:
		out["200"] = object{"description": "Done.", "content": content(object{"type": "object"})}
		if op.Changes {
			out["204"] = object{"description": "Done, and nothing to tell."}
		}
	}
	return out
}

func content(schema object) object { return object{"application/json": object{"schema": schema}} }

// failures are the answers that are no success, by status.
func failures() object {
	failed := func(text string) object {
		return object{"description": text, "content": content(object{"$ref": "#/components/schemas/Error"})}
	}
	return object{
		"400": failed("X-Requested-With is missing, a parameter is refused, or policy refuses."),
		"401": failed("No session."),
		"403": failed("Not the session of an administrator, or one without a second factor."),
		"404": object{"description": "The client is not in admin.networks (no body), or there is no such object."},
		"409": failed("It exists already."),
		"413": failed("The body is larger than 64 KiB."),
		"415": failed("The body is not JSON."),
		"422": failed("Duo refuses."),
		"429": failed("A limit of the help desk is reached."),
		"501": failed("There is no application for this in the configuration."),
		"502": failed("Keys, clock or the way to Duo are wrong."),
		"503": failed("The server or Duo cannot answer; see Retry-After."),
	}
}

func components() object {
	text, whole := object{"type": "string"}, object{"type": "integer"}
	problem := object{"type": "object", "required": []string{"code", "message"}, "properties": object{
		"code": text, "message": text, "duo_code": whole, "advice": text, "request_id": text,
	}}
	items := object{"type": "array", "items": object{"type": "object"}}
	return object{
		"responses":       failures(),
		"securitySchemes": object{"session": object{"type": "apiKey", "in": "cookie", "name": "JSESSIONID"}},
		"parameters": object{
			"XRequestedWith": object{"name": "X-Requested-With", "in": "header", "required": true, "schema": text},
			"Org":            object{"name": "org", "in": "query", "description": "The organisation; the server's own account when absent.", "schema": text},
			"Limit":          object{"name": "limit", "in": "query", "description": "At most so many items.", "schema": object{"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}},
			"Offset":         object{"name": "offset", "in": "query", "description": "Leave so many out. Duo is read from the beginning all the same.", "schema": object{"type": "integer", "minimum": 0, "maximum": 1000000, "default": 0}},
		},
		"schemas": object{
			"Error": object{"type": "object", "properties": object{"error": problem}},
			"List":  object{"type": "object", "required": []string{"items"}, "properties": object{"items": items, "next_offset": whole}},
			"Stream": object{"type": "object", "required": []string{"items"}, "properties": object{
				"items": items, "complete": object{"type": "boolean"}, "error": problem,
				"incomplete": object{"type": "array", "items": object{"type": "object", "properties": object{"organization": text, "error": problem}}},
			}},
		},
	}
}
