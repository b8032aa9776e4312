package mfa_test

import (
	"fmt"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// Threat T014: an exemption shows on the grant and in the trail, proves
// nothing, and is for nobody who must not have one.
func TestExempt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := oneCall("svc-backup")
	g, err := r.Exempt(t.Context(), b, "backup")
	if err != nil {
		t.Fatalf("Exempt = %v, want a grant", err)
	}
	want := mfa.Grant{
		Username: "svc-backup", UserID: 7, Primary: granted, Message: "welcome", Carry: b.Carry,
		Transaction: g.Transaction, Reason: "exempt", Exemption: "backup", At: epoch, CheckedAt: epoch,
	}
	if fmt.Sprintf("%+v", *g) != fmt.Sprintf("%+v", want) || g.Transaction == "" {
		t.Errorf("grant is\n%+v\nwant\n%+v", *g, want)
	}
	e := r.wantLast(t, audit.MFAExempt, audit.OK, "")
	if e.Username != "svc-backup" || e.Transaction != g.Transaction || e.Source != b.Client.Addr || e.Detail["exemption"] != "backup" {
		t.Errorf("record is %+v, want who, where and by which exemption", e)
	}
	if known, err := r.memory.Known(t.Context(), "svc-backup", b.Client.Addr, epoch); known || err != nil {
		t.Errorf("Known = %t, %v, want nothing remembered: nobody proved anything", known, err)
	}
	r.wantAsked(t, 0)
}

func TestExemptRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*rig, *mfa.BeginRequest)
		want   []error
		event  audit.Name
		reason string
	}{
		{"administrator", func(_ *rig, b *mfa.BeginRequest) { b.Administrator = true }, []error{mfa.ErrRefused, mfa.ErrExemption}, audit.MFAExempt, "administrator"},
		{"bypass", func(_ *rig, b *mfa.BeginRequest) { b.Username = "bypass" }, []error{mfa.ErrRefused, mfa.ErrExemption}, audit.MFAExempt, "reserved_name"},
		{"Bypass", func(_ *rig, b *mfa.BeginRequest) { b.Username = "Bypass" }, []error{mfa.ErrRefused, mfa.ErrExemption}, audit.MFAExempt, "reserved_name"},
		{"strange proxy", func(_ *rig, b *mfa.BeginRequest) { b.Client.Forwarded = true }, []error{mfa.ErrRefused, mfa.ErrExemption}, audit.MFAExempt, "address"},
		{"no address", func(_ *rig, b *mfa.BeginRequest) { b.Client = mfa.Client{} }, []error{mfa.ErrRefused, mfa.ErrExemption}, audit.MFAExempt, "address"},
		{"account changed", func(r *rig, b *mfa.BeginRequest) { r.accounts.Change(b.Username) }, []error{mfa.ErrRefused, mfa.ErrAccountChanged}, audit.MFAAccountChanged, ""},
		{"carry gone", func(r *rig, _ *mfa.BeginRequest) { r.carries.Fail(mfa.ErrCarryGone) }, []error{mfa.ErrRefused, mfa.ErrCarryGone}, audit.MFAAccountChanged, "carry"},
		{"engine down", func(r *rig, _ *mfa.BeginRequest) { r.carries.Fail(errFault) }, []error{mfa.ErrUnavailable, errFault}, "", ""},
		{"not recorded", func(r *rig, _ *mfa.BeginRequest) { r.audit.Fail(errFault) }, []error{mfa.ErrUnavailable, errFault}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, b := newRig(t), oneCall("svc-backup")
			tt.change(r, &b)
			g, err := r.Exempt(t.Context(), b, "backup")
			if g != nil {
				t.Errorf("Exempt = %+v, want no grant", g)
			}
			matches(t, "Exempt", err, tt.want...)
			r.wantReleased(t, "upstream session of svc-backup")
			if tt.event != "" {
				r.wantLast(t, tt.event, audit.Refused, tt.reason)
			}
		})
	}
	r := newRig(t)
	_, err := r.Exempt(t.Context(), oneCall("svc-backup"), "")
	matches(t, "Exempt without a name", err, mfa.ErrArgument)
}
