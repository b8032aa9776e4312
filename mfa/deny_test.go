package mfa_test

import (
	"errors"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// Threat T041: after Deny the right code opens nothing; anybody who holds the
// state may deny.
func TestDeny(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	victim := from("198.51.100.9")
	for range 2 {
		if err := r.Deny(t.Context(), l.state, victim); err != nil {
			t.Fatalf("Deny = %v, want nil", err)
		}
	}
	if got := r.audit.Count(audit.UserDenied); got != 1 {
		t.Errorf("%d denials recorded, want 1", got)
	}
	e := r.wantLast(t, audit.UserDenied, audit.OK, "")
	if e.Username != "alice" || e.Source != victim.Addr {
		t.Errorf("record is %+v, want alice and where the denial came from", e)
	}
	r.wantPhase(t, l.state, mfa.Denied)
	r.wantReleased(t, "upstream session of alice")
	r.refuses(t, l.second, mfa.ErrRefused, mfa.ErrDenied)
	r.wantLast(t, audit.MFAReplay, audit.Refused, "denied")
	r.wantExchanges(t, 0)
}

func TestDenyRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := from("192.0.2.1")
	deny := func(state string, want ...error) {
		t.Helper()
		matches(t, "Deny", r.Deny(t.Context(), state, c), want...)
	}
	for _, state := range []string{"", "nobody's"} {
		deny(state, mfa.ErrRefused, mfa.ErrUnknownState)
		r.wantLast(t, audit.LoginDataUnknown, audit.Refused, "deny")
	}
	redeemed := r.begin(t, asUser("alice"))
	r.redeems(t, redeemed.second)
	deny(redeemed.state, mfa.ErrRefused, mfa.ErrNotPending)
	r.wantLast(t, audit.MFAReplay, audit.Refused, "deny")
	r.wantPhase(t, redeemed.state, mfa.Redeemed)

	late := r.begin(t, asUser("alice"))
	r.clock.Add(10 * time.Minute)
	deny(late.state, mfa.ErrRefused, mfa.ErrExpired)
	r.wantPhase(t, late.state, mfa.Burned)
}

func TestDenyStandsWithoutARecord(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	errDisk := errors.New("disk full")
	r.audit.Fail(errDisk)
	matches(t, "Deny", r.Deny(t.Context(), l.state, from("192.0.2.1")), mfa.ErrUnavailable, errDisk)
	r.wantPhase(t, l.state, mfa.Denied)
}

// Threat T046: looking changes nothing, however often.
func TestView(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := asUser("alice")
	b.Primary = grace
	l := r.begin(t, b)
	records := len(r.audit.Events())
	want := mfa.View{
		Username: "alice", Primary: grace, RedirectURI: callback, StartedAt: epoch, ExpiresAt: epoch.Add(10 * time.Minute),
		Addr: "192.0.2.1", UserAgent: "curl/8", Phase: mfa.Pending, SameClient: true,
	}
	view := func(c mfa.Client) mfa.View {
		t.Helper()
		v, err := r.View(t.Context(), l.state, c)
		if err != nil {
			t.Fatalf("View = %v, want nil", err)
		}
		return v
	}
	for range 20 {
		if got := view(b.Client); got != want {
			t.Fatalf("View = %+v, want %+v", got, want)
		}
	}
	if !view(cookie(from("198.51.100.9"), l.begun.Binding)).SameClient || view(from("198.51.100.9")).SameClient {
		t.Error("SameClient does not tell the owner of the cookie from a stranger")
	}
	if got := len(r.audit.Events()); got != records {
		t.Errorf("%d records, want %d: looking is not recorded", got, records)
	}
	r.wantPhase(t, l.state, mfa.Pending)
	r.redeems(t, l.second)
	if got := view(b.Client).Phase; got != mfa.Redeemed {
		t.Errorf("View shows %s, want redeemed", got)
	}
}

func TestViewRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.begin(t, asUser("alice"))
	_, err := r.View(t.Context(), "", mfa.Client{})
	matches(t, "View of nothing", err, mfa.ErrRefused, mfa.ErrUnknownState)
	_, err = r.View(t.Context(), "nobody's", mfa.Client{})
	matches(t, "View of a made-up state", err, mfa.ErrRefused, mfa.ErrUnknownState)
	r.clock.Add(10 * time.Minute)
	_, err = r.View(t.Context(), l.state, mfa.Client{})
	matches(t, "View of an expired one", err, mfa.ErrRefused, mfa.ErrExpired)
	r.wantPhase(t, l.state, mfa.Pending)
}
