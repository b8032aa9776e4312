package mirthtest

import (
	"encoding/json"
	"strings"
)

// openAPI describes the operations as the engine's own document does; those
// below /echo are left out, being no engine's.
func (s *Server) openAPI() []byte {
	paths := map[string]map[string]any{}
	for _, o := range s.operations {
		if strings.HasPrefix(o.path, "/echo") {
			continue
		}
		if paths[o.path] == nil {
			paths[o.path] = map[string]any{}
		}
		paths[o.path][strings.ToLower(o.method)] = o.describe()
	}
	doc := map[string]any{
		"openapi": "3.0.1",
		"info": map[string]any{
			"title":       "Mirth Connect Client API",
			"description": "Swagger documentation for the Mirth Connect Client API.",
			"version":     s.config.Version,
		},
		"servers": []any{map[string]any{"url": "/api"}},
		"paths":   paths,
	}
	body, err := json.Marshal(doc)
	if err != nil {
		return []byte("{}")
	}
	return body
}

func (o *operation) describe() map[string]any {
	section, _, _ := strings.Cut(strings.TrimPrefix(o.path, "/"), "/")
	d := map[string]any{
		"tags":        []string{section},
		"summary":     summary(o.id),
		"operationId": o.id,
		"responses":   map[string]any{"default": map[string]any{"description": "default response"}},
	}
	var params []any
	for segment := range strings.SplitSeq(o.path, "/") {
		if strings.HasPrefix(segment, "{") {
			params = append(params, map[string]any{
				"name": strings.Trim(segment, "{}"), "in": "path", "required": true,
				"schema": map[string]any{"type": "string"},
			})
		}
	}
	if params != nil {
		d["parameters"] = params
	}
	if o.method == "POST" || o.method == "PUT" {
		media := o.consumes
		if media == "" {
			media = "application/xml"
		}
		d["requestBody"] = map[string]any{
			"content": map[string]any{media: map[string]any{"schema": map[string]any{"type": "object"}}},
		}
	}
	return d
}

// summary makes words of an operation's name.
func summary(id string) string {
	var b strings.Builder
	for i, r := range id {
		switch {
		case r == '_':
			return b.String() + "."
		case i == 0:
			b.WriteString(strings.ToUpper(string(r)))
		case r >= 'A' && r <= 'Z':
			b.WriteString(" " + strings.ToLower(string(r)))
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + "."
}
