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

// The endpoint that an observer sees has no key of Duo's in it, so that there
// are few of them; whose account it was, how Duo's clock stands and whose fault
// it was stand beside it.
func TestObserverOfAPIs(t *testing.T) {
	t.Parallel()
	f := newAPIFake(t)
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	var seen []duoclient.Observation
	config := f.config(t)
	config.AccountID = accountID
	admin, err := duoclient.NewAdmin(config, duoclient.WithClock(func() time.Time { return now }),
		duoclient.WithSleep(new(naps).sleep), duoclient.WithObserver(func(o duoclient.Observation) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, o)
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	statuses := []int{http.StatusOK, http.StatusNotFound, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusOK, http.StatusBadGateway, http.StatusOK}
	f.set(func(n int, _ apiRequest, w http.ResponseWriter) {
		w.Header().Set("Date", now.Add(-90*time.Second).Format(http.TimeFormat))
		w.WriteHeader(statuses[n-1])
		_, _ = io.WriteString(w, `{"stat":"OK","response":{"user_id":"`+userID+`"}}`)
	})
	for range 4 {
		_ = admin.Users.Delete(t.Context(), userID)
	}
	if _, err := admin.Call(t.Context(), http.MethodPost, "/admin/v1/users/"+userID, nil); err == nil {
		t.Error("a call that Duo answered with 502 gave no error")
	}
	if _, err := admin.Call(t.Context(), http.MethodPost, "/admin/v1/users/"+userID, nil); err != nil {
		t.Errorf("Call: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	const remove = "DELETE /admin/v1/users/:user_id"
	want := []struct {
		endpoint string
		class    duoclient.Class
		waits    bool
	}{
		{remove, duoclient.ClassNone, false},
		{remove, duoclient.ClassRefusal, false},
		{remove, duoclient.ClassMisconfigured, false},
		{remove, duoclient.ClassBusy, false},
		{remove, duoclient.ClassNone, false},
		{duoclient.OtherEndpoint, duoclient.ClassOutage, true},
		{duoclient.OtherEndpoint, duoclient.ClassNone, true},
	}
	if len(seen) != len(want) {
		t.Fatalf("saw %+v, want %d calls", seen, len(want))
	}
	for i, w := range want {
		o := seen[i]
		if o.Endpoint != w.endpoint || o.Class != w.class || o.Waits != w.waits || o.Failed != (w.class == duoclient.ClassOutage) {
			t.Errorf("call %d: saw %+v, want %+v", i, o, w)
		}
		if !o.Dated || o.Skew != 90*time.Second || o.Host != f.host() || o.AccountID != accountID {
			t.Errorf("call %d: saw %+v, want our clock 90 s ahead at %s for %s", i, o, f.host(), accountID)
		}
	}
}
