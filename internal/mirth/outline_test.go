package mirth_test

import (
	"strings"
	"testing"

	"mfaserver/internal/mirth"
)

// Threat T193: of a path a record keeps words, numbers and ids of the API.
// Threat T183: and no more than 256 bytes.
func TestOutline(t *testing.T) {
	t.Parallel()
	const id = "b39d4e45-09d4-4b6e-8a2c-0a5d1d9f5c11"
	for path, want := range map[string]string{
		"":                              "",
		"/":                             "/",
		"/api/server/configuration":     "/api/server/configuration",
		"/api/4.5.2/users/_login":       "/api/4.5.2/users/_login",
		"/api/channels/" + id + "/stop": "/api/channels/" + id + "/stop",
		"/api/channels/" + id + "/messages/12345/attachments": "/api/channels/" + id + "/messages/12345/attachments",
		"/api/x/MRN-4711":                          "/api/x/*",
		"/api/x/12345678901":                       "/api/x/*",
		"/api/x/Doe%20John/y":                      "/api/x/*/y",
		"/api/x/1970-01-01":                        "/api/x/*",
		"/api/x/Doe^John":                          "/api/x/*",
		"/api/x/\u00e9":                            "/api/x/*",
		"/api/" + strings.Repeat("x", 4000):        "/api/*",
		strings.Repeat("/x", 31) + "/a/MRN-4711":   strings.Repeat("/x", 30) + "/*",
		"/api" + strings.Repeat("/abcdefghij", 40): ("/api" + strings.Repeat("/abcdefghij", 30) + "/*")[:256],
	} {
		if got := mirth.Outline(path); got != want {
			t.Errorf("Outline(%.60q) = %q, want %q", path, got, want)
		}
	}
}
