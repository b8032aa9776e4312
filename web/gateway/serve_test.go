package gateway_test

import (
	"net/http"
	"testing"
)

func TestServe(t *testing.T) {
	t.Parallel()
	w := newWire(t, hello)
	h := newHouse(t, to(w))
	_, cookie := h.signIn(t, "alice", canary+"-alice")
	res, body := h.get(t, "/api/channels?includeCodeTemplateLibraries=true", cookie)
	if res.StatusCode != http.StatusOK || body != "hello" {
		t.Fatalf("GET = %d %q, want 200 hello", res.StatusCode, body)
	}
	if got := w.last(t).RequestURI; got != "/api/channels?includeCodeTemplateLibraries=true" {
		t.Errorf("the engine saw %s", got)
	}
}
