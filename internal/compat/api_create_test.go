package compat_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"mfaserver/duoclient/duotest"
)

// create makes something with the library's generic call and returns its ID.
func create(t *testing.T, s *duotest.Server, path string, params url.Values, id string) string {
	t.Helper()
	k := s.Credentials()
	_, body, err := library(s, s.APIHost, k.AdminKey, k.AdminSecret).SignedCall(http.MethodPost, path, params)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Response map[string]any `json:"response"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
	text, ok := answer.Response[id].(string)
	if !ok {
		t.Fatalf("%s = %s", path, body)
	}
	return text
}
