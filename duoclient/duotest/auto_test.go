package duotest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

func TestAuto(t *testing.T) {
	t.Parallel()
	waited := make(chan time.Duration, 1)
	a := start(t, func(c *duotest.Config) {
		c.AutoTimeout = 42 * time.Second
		c.After = func(d time.Duration) <-chan time.Time {
			waited <- d
			done := make(chan time.Time, 1)
			done <- epoch
			return done
		}
	})
	a.SetAuto(duotest.Approve)
	a.wantContext(a.callback(a.authorize(a.requestClaims())), "authentication", "duo_push", "user_approved")
	a.SetAuto(duotest.Deny)
	a.wantDenied(a.callback(a.authorize(a.requestClaims())), "Login request denied.")
	a.SetAuto(duotest.Timeout)
	a.wantDenied(a.callback(a.authorize(a.requestClaims())), "Login timed out.")
	if d := <-waited; d != 42*time.Second {
		t.Errorf("waited %v, want 42s", d)
	}
	a.SetAuto(duotest.Ask)
	a.open("test1")
	a.SetAuto("nonsense")
	a.open("test1")
}

func TestAutoUsers(t *testing.T) {
	t.Parallel()
	a := start(t)
	authorize := func(user string) answer { return a.authorize(a.requestClaims().with("duo_uname", user)) }
	a.AddUser(duotest.User{Name: "off", Status: duotest.StatusDisabled})
	a.wantDenied(a.callback(authorize("off")), "Your account is disabled. Ask your administrator for help.")
	a.AddUser(duotest.User{Name: "locked", Status: duotest.StatusLocked})
	a.wantDenied(a.callback(authorize("locked")), "Your account is locked out after too many failed attempts. Ask your administrator for help.")
	a.AddUser(duotest.User{Name: "bypass", Status: duotest.StatusBypass})
	a.wantContext(a.callback(authorize("bypass")), "authentication", "not_available", "bypass_user")
	a.AddUser(duotest.User{Name: "landline", Phones: []duotest.Phone{{Number: "+17345550111"}}})
	a.wantContext(a.callback(authorize("landline")), "authentication", "phone_call", "user_approved")
	a.wantContext(a.callback(authorize("newcomer")), "enrollment", "duo_push", "user_approved")
	a.wantContext(a.callback(authorize("newcomer")), "authentication", "duo_push", "user_approved")
	a.AddUser(duotest.User{Name: "own", Auto: duotest.Deny, Phones: []duotest.Phone{duotest.Smartphone("")}})
	a.wantDenied(a.callback(authorize("own")), "Login request denied.")
}

// A client that leaves ends the wait, and so does closing the server.
func TestAutoTimeoutEnds(t *testing.T) {
	t.Parallel()
	waiting := make(chan struct{}, 1)
	a := start(t, func(c *duotest.Config) {
		c.Auto = duotest.Timeout
		c.After = func(time.Duration) <-chan time.Time {
			waiting <- struct{}{}
			return nil
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	r := a.request("GET", duotest.EndpointAuthorize, a.authQuery(a.requestClaims()), nil)
	failed := make(chan error, 1)
	go func() {
		_, err := a.try(r.WithContext(ctx))
		failed <- err
	}()
	<-waiting
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
	go func() {
		_, err := a.try(r.Clone(t.Context()))
		failed <- err
	}()
	<-waiting
	a.Close()
	if err := <-failed; err == nil {
		t.Error("a closed server answered")
	}
}

func TestParseMode(t *testing.T) {
	t.Parallel()
	for _, m := range []duotest.Mode{duotest.Ask, duotest.Approve, duotest.Deny, duotest.Timeout} {
		if got, err := duotest.ParseMode(string(m)); got != m || err != nil {
			t.Errorf("ParseMode(%q) = %q, %v", m, got, err)
		}
	}
	for _, s := range []string{"", "Approve", "allow"} {
		if _, err := duotest.ParseMode(s); !errors.Is(err, duotest.ErrMode) {
			t.Errorf("ParseMode(%q) = %v, want ErrMode", s, err)
		}
	}
}
