package helpdesk_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer  duotest.Answer
		want    helpdesk.Verdict
		outcome audit.Outcome
	}{
		"approved": {duotest.AnswerApprove, helpdesk.VerdictApproved, audit.OK},
		"denied":   {duotest.AnswerDeny, helpdesk.VerdictDenied, audit.Refused},
		"fraud":    {duotest.AnswerFraud, helpdesk.VerdictFraud, audit.Refused},
		"timeout":  {"", helpdesk.VerdictTimeout, audit.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t, nil)
			b.AddUser(duotest.User{Name: "pat", Phones: []duotest.Phone{duotest.Smartphone("+17345550100"), {Number: "+17345550101"}}})
			request := helpdesk.VerifyRequest{Order: order(), Subject: helpdesk.Subject{Username: "pat"}, Timeout: time.Minute}
			began := b.now
			verdict, err := b.org(t).Verify(t.Context(), request, func(v helpdesk.Verification) {
				pushes := b.Pushes("pat")
				if len(pushes) != 1 || v.Code.Reveal() != pushes[0].Code || v.Code.IsZero() || v.Username != "pat" {
					t.Errorf("%+v, pushes %+v", v, pushes)
				}
				if row.answer != "" {
					if err := b.AnswerPush("pat", row.answer); err != nil {
						t.Error(err)
					}
				}
			})
			if err != nil || verdict != row.want {
				t.Errorf("Verify = %s, %v, want %s", verdict, err, row.want)
			}
			if waited := b.now.Sub(began); waited > time.Minute || row.answer == "" && waited < 50*time.Second {
				t.Errorf("waited %v", waited)
			}
			sent, judged := b.trail.Find(audit.DuoUserVerifying), b.trail.Find(audit.DuoUserVerified)
			if len(sent) != 1 || len(judged) != 1 || judged[0].Outcome != row.outcome || judged[0].Detail["verdict"] != string(row.want) {
				t.Errorf("trail %+v", b.trail.Events())
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	b.AddUser(duotest.User{Name: "none", Phones: []duotest.Phone{{Number: "+17345550100"}}})
	two := b.AddUser(duotest.User{Name: "two", Phones: []duotest.Phone{duotest.Smartphone("+17345550101"), duotest.Smartphone("+17345550102")}})
	verify := func(ctx context.Context, name, phone string) (helpdesk.Verdict, error) {
		return b.org(t).Verify(ctx, helpdesk.VerifyRequest{Order: order(), Subject: helpdesk.Subject{Username: name}, PhoneID: phone}, nil)
	}
	for name, row := range map[string]struct {
		user, phone string
		want        error
	}{
		"no phone":        {"none", "", helpdesk.ErrWhichPhone},
		"which phone":     {"two", "", helpdesk.ErrWhichPhone},
		"another's phone": {"none", two.Phones[0].ID, helpdesk.ErrWhichPhone},
		"unknown phone":   {"two", "DP000000000000000000", helpdesk.ErrWhichPhone},
		"unknown user":    {"nobody", "", duoclient.ErrNotFound},
	} {
		if verdict, err := verify(t.Context(), row.user, row.phone); !errors.Is(err, row.want) || verdict == helpdesk.VerdictApproved {
			t.Errorf("%s: %s, %v, want %v", name, verdict, err, row.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.org(t).Verify(ctx, helpdesk.VerifyRequest{
		Order: order(), Subject: helpdesk.Subject{Username: "two"}, PhoneID: two.Phones[1].ID,
	}, func(helpdesk.Verification) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if judged := b.trail.Find(audit.DuoUserVerified); len(judged) != 1 || judged[0].Outcome != audit.Failed {
		t.Errorf("trail %+v", judged)
	}
	// A verdict that cannot be recorded proves nothing.
	b.trail.Reset()
	verdict, err := b.org(t).Verify(t.Context(), helpdesk.VerifyRequest{
		Order: order(), Subject: helpdesk.Subject{Username: "two"}, PhoneID: two.Phones[0].ID,
	}, func(helpdesk.Verification) {
		b.trail.Fail(1)
		if err := b.AnswerPush("two", duotest.AnswerApprove); err != nil {
			t.Error(err)
		}
	})
	if verdict == helpdesk.VerdictApproved || !errors.Is(err, audit.ErrUnwritten) {
		t.Errorf("unrecorded: %s, %v", verdict, err)
	}
}
