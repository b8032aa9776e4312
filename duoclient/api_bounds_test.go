package duoclient_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// TestSlowAnswers: calls that wait for a person have a minute; others do not.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t), duoclient.WithLimits(duoclient.TestLimits{Whole: 100 * time.Millisecond}))
	params := duoclient.AuthParams{Username: "bob", Factor: duoclient.FactorPush}
	slow := func(response string) {
		fake.set(func(n int, r apiRequest, w http.ResponseWriter) {
			timer := time.NewTimer(300 * time.Millisecond)
			defer timer.Stop()
			<-timer.C
			good(response)(n, r, w)
		})
	}
	slow(`{"result":"allow","status":"allow","status_msg":""}`)
	if r, err := c.auth.Auth(t.Context(), params); err != nil || !r.Allowed() {
		t.Errorf("Auth = %v, %v", r, err)
	}
	if r, err := c.auth.AuthStatus(t.Context(), txid); err != nil || !r.Allowed() {
		t.Errorf("AuthStatus = %v, %v", r, err)
	}
	slow(`{"txid":"` + txid + `","time":1}`)
	if _, err := c.auth.AuthAsync(t.Context(), params); !errors.Is(err, duoclient.ErrOutage) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("AuthAsync = %v, want a time-out", err)
	}
	if _, err := c.auth.Check(t.Context()); !errors.Is(err, duoclient.ErrOutage) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Check = %v, want a time-out", err)
	}
}

// TestBodyLimits: 64 KiB, and 8 MiB for lists.
func TestBodyLimits(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t))
	user := func(size int) string {
		return `{"user_id":"` + userID + `","notes":"` + strings.Repeat("n", size) + `"}`
	}
	fake.set(good(user(60 << 10)))
	if _, err := c.admin.Users.Get(t.Context(), userID); err != nil {
		t.Errorf("60 KiB: %v", err)
	}
	fake.set(good(user(64 << 10)))
	if _, err := c.admin.Users.Get(t.Context(), userID); !errors.Is(err, duoclient.ErrMalformedResponse) {
		t.Errorf("64 KiB and some: %v, want it refused", err)
	}
	fake.set(good("[" + user(7<<20) + "]"))
	if _, err := gather(c.admin.Users.List(t.Context(), duoclient.UserFilter{})); err != nil {
		t.Errorf("7 MiB: %v", err)
	}
	fake.set(good("[" + user(8<<20) + "]"))
	if _, err := gather(c.admin.Users.List(t.Context(), duoclient.UserFilter{})); !errors.Is(err, duoclient.ErrMalformedResponse) {
		t.Errorf("8 MiB and some: %v, want it refused", err)
	}
}

// TestRetryWithinDeadline: no wait that outlasts the caller is begun.
func TestRetryWithinDeadline(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	var waits naps
	c := newAPIClients(t, fake.config(t), duoclient.WithSleep(waits.sleep))
	fake.set(func(n int, r apiRequest, w http.ResponseWriter) {
		w.Header().Set("X-Retry-After", "30")
		bad(42901, "Too Many Requests", "")(n, r, w)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := c.admin.Users.Get(ctx, userID)
	api, ok := errors.AsType[*duoclient.APIError](err)
	if !ok || !errors.Is(err, duoclient.ErrRateLimited) || api.RetryAfter != 30*time.Second || len(waits.all()) != 0 {
		t.Errorf("%v after waits %v, want the refusal at once", err, waits.all())
	}
	if want := "Duo asks to slow down; try again in 30s."; api.Advice() != want {
		t.Errorf("advice %q, want %q", api.Advice(), want)
	}
}
