package duoclient_test

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// What goes out is seen with how long it took, and whose fault it was.
func TestObserver(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var mu sync.Mutex
	var seen []duoclient.Observation
	client := f.client(t, duoclient.WithObserver(func(o duoclient.Observation) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, o)
	}))
	f.answerToken(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
	})
	if _, err := client.Exchange(t.Context(), asked()); err == nil {
		t.Fatal("Exchange succeeded")
	}
	f.answerToken(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	if _, err := client.Exchange(t.Context(), asked()); err == nil {
		t.Fatal("Exchange succeeded")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 2 || seen[0].Failed || !seen[1].Failed {
		t.Fatalf("seen %+v, want a refusal and a failure", seen)
	}
	if slices.ContainsFunc(seen, func(o duoclient.Observation) bool {
		return o.Call == "" || o.Took <= 0 || o.Took > time.Minute
	}) {
		t.Errorf("seen %+v, want names and times", seen)
	}
}
