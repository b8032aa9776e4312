package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

var push = mfa.Proof{Factor: mfa.FactorPush}

func passcode(value string) mfa.Proof {
	return mfa.Proof{Factor: mfa.FactorPasscode, Passcode: secret.New(value)}
}

// oneCall is an accepted password of a client that makes one call.
func oneCall(name string) mfa.BeginRequest {
	b := asUser(name)
	b.RedirectURI = ""
	return b
}

// proves expects a grant.
func (r *rig) proves(t *testing.T, b mfa.BeginRequest, p mfa.Proof) *mfa.Grant {
	t.Helper()
	g, err := r.Prove(t.Context(), b, p)
	if err != nil || g == nil {
		t.Fatalf("Prove = %v, %v, want a grant", g, err)
	}
	return g
}

// provesNot expects errors, and that what was carried is released.
func (r *rig) provesNot(t *testing.T, b mfa.BeginRequest, p mfa.Proof, want ...error) {
	t.Helper()
	before := len(r.released.Released())
	g, err := r.Prove(t.Context(), b, p)
	if g != nil {
		t.Fatalf("Prove = %+v, want no grant", g)
	}
	matches(t, "Prove", err, want...)
	if got := len(r.released.Released()) - before; got != 1 {
		t.Errorf("the carry was released %d times, want once", got)
	}
}

func (r *rig) wantAsked(t *testing.T, want int) {
	t.Helper()
	if got := len(r.prover.Asked()); got != want {
		t.Errorf("Duo was asked %d times, want %d", got, want)
	}
}

func TestProve(t *testing.T) {
	t.Parallel()
	home := netip.MustParseAddr("192.0.2.1")
	details := []duoclient.PushDetail{{Name: "From", Value: "192.0.2.1"}}
	tests := []struct {
		proof  mfa.Proof
		want   mfa.ProofRequest
		factor string
		reason string
		events []audit.Name
	}{
		{push, mfa.ProofRequest{Type: "Login", PushInfo: details}, "duo_push", "user_approved", []audit.Name{audit.PushSent, audit.MFAAllowed}},
		{mfa.Proof{Factor: mfa.FactorAuto}, mfa.ProofRequest{Type: "Login", PushInfo: details}, "auto", "user_approved", []audit.Name{audit.PushSent, audit.MFAAllowed}},
		{mfa.Proof{Factor: mfa.FactorPhone}, mfa.ProofRequest{}, "phone_call", "user_approved", []audit.Name{audit.PushSent, audit.MFAAllowed}},
		{passcode("123456"), mfa.ProofRequest{Passcode: secret.New("123456")}, "passcode", "valid_passcode", []audit.Name{audit.MFAAllowed}},
	}
	for _, tt := range tests {
		t.Run(tt.proof.Factor, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(c *mfa.Config) {
				c.DuoUsername = func(name string) (string, error) { return name + "@duo", nil }
			})
			b := oneCall("alice")
			b.Typed, b.Primary, b.Administrator = "Alice", grace, true
			g := r.proves(t, b, tt.proof)
			want := mfa.Grant{
				Username: "alice", UserID: 7, Administrator: true, Primary: grace, Message: "welcome", Carry: b.Carry,
				Transaction: g.Transaction, Factor: tt.factor, Reason: tt.reason, TxID: mfatest.ProofTxID, At: epoch, CheckedAt: epoch, ApprovedAt: epoch,
			}
			if fmt.Sprintf("%+v", *g) != fmt.Sprintf("%+v", want) || len(g.Transaction) != 12 {
				t.Errorf("grant is\n%+v\nwant\n%+v", *g, want)
			}
			q := r.prover.Asked()[0]
			tt.want.DuoUsername, tt.want.Factor, tt.want.Addr = "alice@duo", tt.proof.Factor, home
			if q.Passcode.IsZero() != tt.want.Passcode.IsZero() || !q.Passcode.IsZero() && !q.Passcode.Equal(tt.want.Passcode) {
				t.Error("Duo was asked with another passcode")
			}
			if fmt.Sprintf("%+v", q) != fmt.Sprintf("%+v", tt.want) {
				t.Errorf("Duo was asked\n%+v\nwant\n%+v", q, tt.want)
			}
			if names := r.audit.Names(); !slices.Equal(names, tt.events) {
				t.Errorf("records are %v, want %v", names, tt.events)
			}
			e := r.wantLast(t, audit.MFAAllowed, audit.OK, "")
			if e.Username != "alice" || e.Transaction != g.Transaction || e.Source != home || e.RequestID != "req-1" ||
				e.Detail["factor"] != tt.factor || e.Detail["reason"] != tt.reason || e.Detail["txid"] != mfatest.ProofTxID {
				t.Errorf("record is %+v, want who, where, which and how", e)
			}
			r.wantReleased(t)
			if known, err := r.memory.Known(t.Context(), "alice", home, epoch); !known || err != nil {
				t.Errorf("Known = %t, %v, want the address remembered", known, err)
			}
		})
	}
}

// Threat T089: HTTP 200 alone means nothing, and neither does one word of two.
func TestProveNeedsBothWords(t *testing.T) {
	t.Parallel()
	type row struct {
		result, status string
		proof          mfa.Proof
		want           []error
		event          audit.Name
		outcome        audit.Outcome
		reason         string
	}
	sms, phone := mfa.Proof{Factor: mfa.FactorSMS}, mfa.Proof{Factor: mfa.FactorPhone}
	malformed := []error{mfa.ErrSecondFactorUnavailable, duoclient.ErrMalformedResponse}
	tests := []row{
		{"allow", "allow", push, nil, audit.MFAAllowed, audit.OK, ""},
		{"allow", "allow", sms, []error{mfa.ErrRefused, mfa.ErrPolicy}, audit.MFAPolicyRefused, audit.Refused, "reason"},
		{"allow", "bypass", push, []error{mfa.ErrRefused, mfa.ErrPolicy}, audit.MFAPolicyRefused, audit.Refused, "reason"},
		{"allow", "bypass", passcode("1"), []error{mfa.ErrRefused, mfa.ErrPolicy}, audit.MFAPolicyRefused, audit.Refused, "reason"},
		{"deny", "deny", push, []error{mfa.ErrRefused, mfa.ErrDenied}, audit.UserDenied, audit.Refused, "push"},
		{"deny", "deny", phone, []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, audit.MFARefused, audit.Refused, "denied"},
		{"deny", "deny", passcode("1"), []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, audit.MFARefused, audit.Refused, "passcode"},
		{"deny", "timeout", push, []error{mfa.ErrRefused, mfa.ErrNotAnswered}, audit.MFARefused, audit.Refused, "timeout"},
		{"deny", "fraud", push, []error{mfa.ErrRefused, mfa.ErrFraud}, audit.PushFraud, audit.Refused, "push"},
		{"deny", "locked_out", push, []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, audit.MFARefused, audit.Refused, "locked_out"},
		{"deny", "sent", sms, []error{mfa.ErrRefused, mfa.ErrPasscodesSent}, audit.MFARefused, audit.Refused, "passcodes_sent"},
		{"deny", "sent", push, []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, audit.MFARefused, audit.Refused, "denied"},
		{"deny", "allow", push, []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, audit.MFARefused, audit.Refused, "denied"},
		{"deny", "", push, []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, audit.MFARefused, audit.Refused, "denied"},
	}
	for _, words := range [][2]string{
		{"allow", "deny"},
		{"allow", "fraud"},
		{"allow", "timeout"},
		{"allow", "sent"},
		{"allow", ""},
		{"allow", "ALLOW"},
		{"allow", "remembered"},
		{"waiting", "allow"},
		{"waiting", "pushed"},
		{"", "allow"},
		{"", ""},
		{"ALLOW", "allow"},
		{"allow ", "allow"},
		{"true", "allow"},
		{"error", "error"},
	} {
		tests = append(tests, row{words[0], words[1], push, malformed, audit.DuoUnavailable, audit.Failed, "malformed"})
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %q %q", tt.proof.Factor, tt.result, tt.status), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.prover.Says(tt.result, tt.status)
			if tt.want == nil {
				r.proves(t, oneCall("alice"), tt.proof)
			} else {
				r.provesNot(t, oneCall("alice"), tt.proof, tt.want...)
			}
			r.wantLast(t, tt.event, tt.outcome, tt.reason)
		})
	}
}

// Threats T042, T043: what Duo says before the question. Where Duo needs no
// proof of the user, an allow says nothing, and the phone is left alone.
func TestProvePreauth(t *testing.T) {
	t.Parallel()
	tests := []struct {
		result mfa.PreauthResult
		allow  []string
		want   []error
		event  audit.Name
		reason string
		asked  int
	}{
		{result: "auth", event: audit.MFAAllowed, asked: 1},
		{result: "allow", want: []error{mfa.ErrRefused, mfa.ErrPolicy}, event: audit.MFAPolicyRefused, reason: "reason"},
		{result: "allow", allow: []string{"trusted_network"}, want: []error{mfa.ErrRefused, mfa.ErrPolicy}, event: audit.MFAPolicyRefused, reason: "reason"},
		{result: "allow", allow: []string{"bypass_user"}, event: audit.MFAAllowed, asked: 1},
		{result: "deny", want: []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, event: audit.MFAPreauthDenied},
		{result: "enroll", want: []error{mfa.ErrRefused, mfa.ErrNotEnrolled}, event: audit.MFANotEnrolled},
		{result: "", want: []error{mfa.ErrSecondFactorUnavailable, duoclient.ErrMalformedResponse}, event: audit.DuoUnavailable, reason: "malformed"},
		{result: "permit", want: []error{mfa.ErrSecondFactorUnavailable, duoclient.ErrMalformedResponse}, event: audit.DuoUnavailable, reason: "malformed"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%q %v", tt.result, tt.allow), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(c *mfa.Config) { c.Policy.AllowReasons = tt.allow })
			r.prover.OnPreauth(func(_ context.Context, name string, addr netip.Addr) (mfa.PreauthResult, error) {
				if name != "alice" || addr != netip.MustParseAddr("192.0.2.1") {
					t.Errorf("Preauth(%q, %v), want alice at the client's address", name, addr)
				}
				return tt.result, nil
			})
			b := oneCall("alice")
			b.AllowEnrolment = true // has no meaning here
			if tt.want != nil {
				r.provesNot(t, b, push, tt.want...)
			} else if g := r.proves(t, b, push); g.ApprovedAt.IsZero() != (tt.result == "allow") || g.ApprovedAt.IsZero() != (g.Reason == "bypass_user") {
				t.Errorf("grant is %+v, want it approved only when the user was asked", g)
			}
			r.wantAsked(t, tt.asked)
			e := r.audit.Events()
			if last := e[len(e)-1]; last.Name != tt.event || last.Reason != tt.reason {
				t.Errorf("last record is %s %q, want %s %q", last.Name, last.Reason, tt.event, tt.reason)
			}
		})
	}
}

// Threat T043: a factor that the policy denies does not ring any phone.
func TestProveDeniedFactors(t *testing.T) {
	t.Parallel()
	sms, phone, auto := mfa.Proof{Factor: mfa.FactorSMS}, mfa.Proof{Factor: mfa.FactorPhone}, mfa.Proof{Factor: mfa.FactorAuto}
	all := []mfa.Proof{push, phone, auto, sms, passcode("1")}
	tests := map[string][]mfa.Proof{
		"duo_push":            {push, auto},
		"phone_call":          {phone, auto},
		"sms_passcode":        {sms, passcode("1")},
		"bypass_code":         {sms, passcode("1")},
		"duo_mobile_passcode": {sms, passcode("1")},
		"hardware_token":      {sms, passcode("1")},
		"u2f_token":           {},
		"remembered_device":   {},
	}
	for denied, refused := range tests {
		t.Run(denied, func(t *testing.T) {
			t.Parallel()
			for _, p := range all {
				r := newRig(t, func(c *mfa.Config) { c.Policy.DenyFactors = []string{denied} })
				_, err := r.Prove(t.Context(), oneCall("alice"), p)
				want := slices.ContainsFunc(refused, func(q mfa.Proof) bool { return q.Factor == p.Factor })
				if got := len(r.prover.Asked()) == 0; got != want {
					t.Errorf("%s: refused unasked: %t (%v), want %t", p.Factor, got, err, want)
				}
				if want {
					matches(t, p.Factor, err, mfa.ErrRefused, mfa.ErrPolicy)
					r.wantLast(t, audit.MFAPolicyRefused, audit.Refused, "factor")
				}
			}
		})
	}
}

// What the prover knows better is judged as it is.
func TestProverKnowsFactorAndReason(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Policy.DenyFactors = []string{"verified_duo_push"} })
	says := mfa.ProofResult{Result: "allow", Status: "allow", Reason: "user_approved", Factor: "duo_push", Device: "phone (…0100)"}
	r.prover.OnProve(func(context.Context, mfa.ProofRequest) (mfa.ProofResult, error) { return says, nil })
	if g := r.proves(t, oneCall("alice"), push); g.Device != says.Device || g.Factor != "duo_push" {
		t.Errorf("grant is %+v, want the device and the factor", g)
	}
	says.Factor = "verified_duo_push"
	r.provesNot(t, oneCall("alice"), push, mfa.ErrRefused, mfa.ErrPolicy)
	says.Factor, says.Reason = "duo_push", "trusted_network"
	r.provesNot(t, oneCall("bob"), push, mfa.ErrRefused, mfa.ErrPolicy)
}

// Threats T042, T095, T097: trouble with Duo opens nothing, in no failmode.
func TestProveTrouble(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		want   []error
		event  audit.Name
		reason string
	}{
		{duoclient.ErrOutage, []error{mfa.ErrSecondFactorUnavailable}, audit.DuoUnavailable, "outage"},
		{errors.Join(duoclient.ErrNotSent, duoclient.ErrOutage), []error{mfa.ErrSecondFactorUnavailable}, audit.DuoUnavailable, "outage"},
		{duoclient.ErrRateLimited, []error{mfa.ErrSecondFactorUnavailable}, audit.DuoUnavailable, "busy"},
		{duoclient.ErrMisconfigured, []error{mfa.ErrSecondFactorUnavailable}, audit.DuoMisconfigured, "misconfigured"},
		{duoclient.ErrClockSkew, []error{mfa.ErrSecondFactorUnavailable}, audit.DuoClockSkew, "clock_skew"},
		{duoclient.ErrUntrustedServer, []error{mfa.ErrSecondFactorUnavailable}, audit.DuoUntrusted, "untrusted"},
		{duoclient.ErrMalformedResponse, []error{mfa.ErrSecondFactorUnavailable}, audit.DuoUnavailable, "malformed"},
		{errors.New("something new"), []error{mfa.ErrSecondFactorUnavailable}, audit.DuoUnavailable, "malformed"},
		{context.Canceled, []error{mfa.ErrSecondFactorUnavailable}, audit.DuoUnavailable, "busy"},
		{errors.Join(mfa.ErrNobodyAsked, duoclient.ErrBadParameter), []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, audit.MFARefused, "not_possible"},
		{duoclient.ErrBadParameter, []error{mfa.ErrRefused, mfa.ErrSecondFactorRefused}, audit.MFARefused, "not_possible"},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, func(c *mfa.Config) { c.Failmode = mfa.FailSafe })
			r.prover.Fails(tt.err)
			r.provesNot(t, oneCall("alice"), push, append(tt.want, tt.err)...)
			if e := r.audit.Events(); e[len(e)-1].Name != tt.event || e[len(e)-1].Reason != tt.reason {
				t.Errorf("last record is %+v, want %s %q", e[len(e)-1], tt.event, tt.reason)
			}
			if tt.reason == "not_possible" {
				return
			}
			r.prover.OnPreauth(func(context.Context, string, netip.Addr) (mfa.PreauthResult, error) { return "auth", tt.err })
			r.provesNot(t, oneCall("bob"), push, append(tt.want, tt.err)...)
			r.wantAsked(t, 1)
		})
	}
}

func TestProveWithoutAProver(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *mfa.Config) { c.Prover = nil })
	r.provesNot(t, oneCall("alice"), push, mfa.ErrSecondFactorUnavailable, duoclient.ErrConfig)
	r.wantLast(t, audit.DuoMisconfigured, audit.Failed, "misconfigured")
}

func TestProveArguments(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	noName, noStatus := oneCall(""), oneCall("alice")
	noStatus.Primary = ""
	r.provesNot(t, noName, push, mfa.ErrArgument)
	r.provesNot(t, noStatus, push, mfa.ErrArgument)
	for _, p := range []mfa.Proof{
		{}, {Factor: "PUSH"}, {Factor: "prompt"}, {Factor: mfa.FactorPasscode}, {Factor: mfa.FactorPush, Passcode: secret.New("1")},
	} {
		r.provesNot(t, oneCall("alice"), p, mfa.ErrArgument)
	}
	r.wantAsked(t, 0)
}

// Threat T005: Duo's names stand for one user each, also here.
func TestProveAsksForDuosName(t *testing.T) {
	t.Parallel()
	names := map[string]string{"alice": "a.smith", "bob": "b.jones"}
	r := newRig(t, func(c *mfa.Config) {
		c.DuoUsername = func(name string) (string, error) {
			duo, ok := names[name]
			if !ok {
				return "", errors.New("not in the map")
			}
			return duo, nil
		}
	})
	for user, duo := range names {
		g := r.proves(t, oneCall(user), push)
		asked := r.prover.Asked()
		if q := asked[len(asked)-1]; q.DuoUsername != duo || g.Username != user {
			t.Errorf("Duo was asked for %q, and %q is let in; want %q and %q", q.DuoUsername, g.Username, duo, user)
		}
	}
	r.provesNot(t, oneCall("carol"), push, mfa.ErrSecondFactorUnavailable, duoclient.ErrConfig)
	r.wantAsked(t, 2)
}

// Threat T137: an address that proves nothing is neither shown on the phone
// nor told to Duo, whose policies would judge it, nor remembered.
func TestProveThroughAStrangeProxy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.prover.OnPreauth(func(_ context.Context, _ string, addr netip.Addr) (mfa.PreauthResult, error) {
		if addr.IsValid() {
			t.Errorf("Duo hears of %v before the question", addr)
		}
		return mfa.PreauthAuth, nil
	})
	b := oneCall("alice")
	b.Client.Forwarded = true
	r.proves(t, b, push)
	if q := r.prover.Asked()[0]; q.Addr.IsValid() || len(q.PushInfo) != 0 {
		t.Errorf("Duo was asked %+v, want no address", q)
	}
	if known, err := r.memory.Known(t.Context(), "alice", b.Client.Addr, epoch); known || err != nil {
		t.Errorf("Known = %t, %v, want nothing remembered", known, err)
	}
}
