package mfa_test

import (
	"fmt"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// Threat T097: the way in for the day Duo is down, made in advance.
func TestBreakGlass(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.glass.Add("alice", "code-1")
	b := oneCall("alice")
	b.Administrator = true
	g, err := r.BreakGlass(t.Context(), b, "code-1")
	if err != nil {
		t.Fatalf("BreakGlass = %v, want a grant", err)
	}
	want := mfa.Grant{
		Username: "alice", UserID: 7, Administrator: true, Primary: granted, Message: "welcome", Carry: b.Carry,
		Transaction: g.Transaction, Factor: "break_glass", Reason: "break_glass", At: epoch, CheckedAt: epoch, ApprovedAt: epoch,
	}
	if fmt.Sprintf("%+v", *g) != fmt.Sprintf("%+v", want) || g.Transaction == "" {
		t.Errorf("grant is\n%+v\nwant\n%+v", *g, want)
	}
	e := r.wantLast(t, audit.BreakGlassUsed, audit.OK, "")
	if e.Username != "alice" || e.Transaction != g.Transaction || e.Source != b.Client.Addr || e.Detail["code"] != "<code-1>" {
		t.Errorf("record is %+v, want who, where and which code", e)
	}
	r.wantAsked(t, 0)
	r.wantReleased(t)
	if probes := r.duo.Probes(); probes != 0 {
		t.Errorf("Duo was asked %d times, want never: it is down", probes)
	}
}

func TestBreakGlassRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		code   string
		change func(*rig)
		want   []error
		event  audit.Name
		left   int
	}{
		{"wrong", "code-2", func(*rig) {}, []error{mfa.ErrRefused, mfa.ErrBreakGlassCode}, audit.BreakGlassRefused, 1},
		{"empty", "", func(*rig) {}, []error{mfa.ErrArgument}, "", 1},
		{"account changed", "code-1", func(r *rig) { r.accounts.Change("alice") }, []error{mfa.ErrRefused, mfa.ErrAccountChanged}, audit.MFAAccountChanged, 1},
		{"directory down", "code-1", func(r *rig) { r.accounts.Fail(errFault) }, []error{mfa.ErrUnavailable, errFault}, "", 1},
		{"store down", "code-1", func(r *rig) { r.glass.Fail(errFault) }, []error{mfa.ErrUnavailable, errFault}, "", 1},
		{"carry gone", "code-1", func(r *rig) { r.carries.Fail(mfa.ErrCarryGone) }, []error{mfa.ErrRefused, mfa.ErrCarryGone}, audit.MFAAccountChanged, 1},
		{"not recorded", "code-1", func(r *rig) { r.audit.Fail(errFault) }, []error{mfa.ErrUnavailable, errFault}, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.glass.Add("alice", "code-1")
			r.glass.Add("bob", "code-2")
			tt.change(r)
			g, err := r.BreakGlass(t.Context(), oneCall("alice"), tt.code)
			if g != nil {
				t.Errorf("BreakGlass = %+v, want no grant", g)
			}
			matches(t, "BreakGlass", err, tt.want...)
			r.wantReleased(t, "upstream session of alice")
			if left := r.glass.Left("alice"); left != tt.left {
				t.Errorf("%d codes are left, want %d", left, tt.left)
			}
			if tt.event != "" {
				r.wantLast(t, tt.event, audit.Refused, map[bool]string{true: "carry"}[tt.name == "carry gone"])
			}
		})
	}
	r := newRig(t, func(c *mfa.Config) { c.BreakGlass = nil })
	_, err := r.BreakGlass(t.Context(), oneCall("alice"), "code-1")
	matches(t, "BreakGlass without codes", err, mfa.ErrRefused, mfa.ErrBreakGlassCode)
}

func TestBreakGlassOnce(t *testing.T) {
	t.Parallel()
	const racers = 50
	r := newRig(t)
	r.glass.Add("alice", "code-1")
	grants := make(chan *mfa.Grant, racers)
	for range racers {
		go func() {
			g, _ := r.BreakGlass(t.Context(), oneCall("alice"), "code-1")
			grants <- g
		}()
	}
	won := 0
	for range racers {
		if g := <-grants; g != nil {
			won++
		}
	}
	if won != 1 || len(r.released.Released()) != racers-1 {
		t.Errorf("%d of %d racers came in and %d carries were released, want 1 and the rest", won, racers, len(r.released.Released()))
	}
}
