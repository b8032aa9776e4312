package signin_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
	"mfaserver/web/signin"
)

// directory has one password and counts who asks.
type directory struct {
	asked  int
	result primary.Result
	err    error
}

func (d *directory) Authenticate(_ context.Context, a primary.Attempt) (primary.Result, error) {
	d.asked++
	if d.err == nil && a.Password.Reveal() != "right, with a comma" {
		return primary.Result{}, &primary.RefusedError{Reason: primary.ReasonWrongPassword}
	}
	return d.result, d.err
}

func (d *directory) Get(_ context.Context, name string) (primary.User, error) {
	if name != d.result.User.Username {
		return primary.User{}, primary.ErrUserUnknown
	}
	return d.result.User, nil
}

func newDirectory() *directory {
	return &directory{result: primary.Result{
		User: primary.User{ID: 3, Username: "alice"}, Status: primary.StatusGracePeriod, Message: "soon", Carry: []byte("sealed"),
	}}
}

func newChecker(t *testing.T, d *directory, trail *audittest.Memory, released *[]string) *signin.Checker {
	t.Helper()
	c, err := signin.New(signin.Config{
		Authenticator: d, Directory: d, Recorder: trail, Administrators: []string{"alice"}, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		Release: func(_ context.Context, username string, carry []byte) {
			*released = append(*released, username+" "+string(carry))
		},
		AllowEnrolment: func(u primary.User, _ time.Time) bool { return u.ID == 3 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	d, trail, released := newDirectory(), &audittest.Memory{}, []string(nil)
	c := newChecker(t, d, trail, &released)
	got, err := c.Check(t.Context(), signin.Attempt{Username: "ALICE", Password: secret.New("right, with a comma")})
	if err != nil || got.Username != "alice" || got.Typed != "ALICE" || got.UserID != 3 || !got.Administrator || !got.AllowEnrolment ||
		got.Primary != "SUCCESS_GRACE_PERIOD" || got.Message != "soon" || string(got.Carry) != "sealed" || got.CheckedAt.IsZero() {
		t.Errorf("Check() = %+v, %v", got, err)
	}
	trail.Fail(1)
	if _, err := c.Check(t.Context(), signin.Attempt{Username: "alice", Password: secret.New("right, with a comma")}); !errors.Is(err, primary.ErrUnavailable) {
		t.Errorf("Check() without a trail = %v, want %v", err, primary.ErrUnavailable)
	}
	if !slices.Equal(released, []string{"alice sealed"}) {
		t.Errorf("released %v", released)
	}
}

// Threat T001: no directory is asked about nothing. What is a token or a code
// of ours, or ends in one, is not handed to one either.
func TestNeverAsked(t *testing.T) {
	t.Parallel()
	d, trail, released := newDirectory(), &audittest.Memory{}, []string(nil)
	c := newChecker(t, d, trail, &released)
	for _, a := range []signin.Attempt{
		{Username: "", Password: secret.New("x")},
		{Username: "alice"},
		{Username: "alice", Password: secret.New("mfat_x")},
		{Username: "alice", Password: secret.New("MFAC-0")},
		{Username: "alice", Password: secret.New("right,mfab-0123-4567-89AB-CDEF")},
		{Username: "alice", Password: secret.New("right, mfat_x")},
	} {
		if _, err := c.Check(t.Context(), a); !errors.Is(err, primary.ErrRefused) {
			t.Errorf("Check(%q) = %v, want %v", a.Username, err, primary.ErrRefused)
		}
	}
	if d.asked != 0 || len(trail.Find(audit.PrimaryRefused)) != 6 {
		t.Errorf("%d asked, trail %v", d.asked, trail.Names())
	}
}

func TestRefusalsAreRecorded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err     error
		name    audit.Name
		outcome audit.Outcome
		reason  string
	}{
		{&primary.RefusedError{Reason: primary.ReasonDisabled}, audit.PrimaryRefused, audit.Refused, "disabled"},
		{&primary.ThrottledError{Scope: "account"}, audit.PrimaryThrottled, audit.Refused, "account"},
		{&primary.ExpiredError{}, audit.PrimaryExpired, audit.Refused, ""},
		{primary.ErrUnavailable, audit.PrimaryError, audit.Failed, ""},
		{errors.New("disk"), audit.PrimaryError, audit.Failed, ""},
	} {
		d, trail, released := newDirectory(), &audittest.Memory{}, []string(nil)
		d.err = tt.err
		c := newChecker(t, d, trail, &released)
		for _, name := range []string{"alice", "her password"} {
			if _, err := c.Check(t.Context(), signin.Attempt{Username: name, Password: secret.New("x")}); !errors.Is(err, tt.err) {
				t.Errorf("Check() = %v, want %v", err, tt.err)
			}
		}
		events := trail.Find(tt.name)
		if len(events) != 2 || events[0].Outcome != tt.outcome || events[0].Reason != tt.reason ||
			events[0].Username != "alice" || events[1].Username != "" || events[1].UnknownUsername != "her password" {
			t.Errorf("%v: recorded %+v", tt.err, events)
		}
		trail.Fail(1)
		if err := c.Refuse(t.Context(), signin.Attempt{Username: "alice"}, tt.err); !errors.Is(err, primary.ErrUnavailable) {
			t.Errorf("Refuse() without a trail = %v, want %v", err, primary.ErrUnavailable)
		}
	}
}

func ExampleNew() {
	_, err := signin.New(signin.Config{})
	fmt.Println(errors.Is(err, signin.ErrConfig))
	// Output: true
}
