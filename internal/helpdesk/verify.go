package helpdesk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/secret"
)

// ErrWhichPhone says that the user has no phone that takes a push, or several and the
// request names none. It also matches [ErrPolicy].
var ErrWhichPhone = errors.New("helpdesk: no one phone to push to")

// VerifyRequest asks whether a caller is who he says he is.
type VerifyRequest struct {
	Order
	Subject
	// PhoneID is the phone to push to; empty: the only one that takes a push.
	PhoneID string
	// Timeout ends the waiting; zero: two minutes, which is also the most.
	Timeout time.Duration
}

// Verification is a push that was sent.
type Verification struct {
	Org, UserID, Username, PhoneID string
	// Code stands on the phone: the caller reads it out, and it must be this.
	Code secret.Secret
	// Expires is when the waiting ends.
	Expires time.Time
}

// Verdict is how a verification ended.
type Verdict string

// The verdicts. Only approved proves anything.
const (
	VerdictApproved Verdict = "approved"
	VerdictDenied   Verdict = "denied"
	VerdictFraud    Verdict = "fraud"
	VerdictTimeout  Verdict = "timeout"
)

const (
	pushLife  = 2 * time.Minute // Duo forgets a push after that
	pollEvery = 2 * time.Second
)

// Verify sends a verification push to a user's phone, tells sent (which may be
// nil) of it, and waits for the answer. The verdict is recorded before it is
// given; every end but an approval, unknown words of Duo's too, is a verdict
// that proves nothing. When ctx ends first, its error comes with
// [VerdictTimeout].
func (o *Org) Verify(ctx context.Context, r VerifyRequest, sent func(Verification)) (Verdict, error) {
	if r.Timeout <= 0 || r.Timeout > pushLife {
		r.Timeout = pushLife
	}
	if err := r.check(ActionUserVerify); err != nil {
		return VerdictTimeout, err
	}
	user, err := o.Find(ctx, r.Subject)
	if err != nil {
		return VerdictTimeout, err
	}
	phone, err := pushPhone(user, r.PhoneID)
	if err != nil {
		return VerdictTimeout, err
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return VerdictTimeout, err
	}
	deed := Deed{Action: ActionUserVerify, Subject: user.Username, Detail: map[string]string{"user_id": user.UserID, "phone_id": phone}}
	var push *duoclient.VerificationPush
	err = o.Do(ctx, r.Order, deed, func(ctx context.Context) error {
		push, err = admin.Users.SendVerificationPush(ctx, user.UserID, phone)
		return err
	})
	if err != nil {
		return VerdictTimeout, err
	}
	expires := o.desk.now().Add(r.Timeout)
	if sent != nil {
		sent(Verification{
			Org: o.config.Name, UserID: user.UserID, Username: user.Username, PhoneID: phone,
			Code: push.ConfirmationCode, Expires: expires,
		})
	}
	verdict, err := o.await(ctx, func() (*duoclient.VerificationResult, error) {
		return admin.Users.VerificationPushResponse(ctx, user.UserID, push.PushID)
	}, expires)
	return o.judge(ctx, r.Order, deed, verdict, err)
}

// pushPhone is the phone to push to.
func pushPhone(user *duoclient.User, wanted string) (string, error) {
	var able []string
	for _, p := range user.Phones {
		if p.Activated && slices.Contains(p.Capabilities, "push") {
			able = append(able, p.PhoneID)
		}
	}
	rule := "is missing; the user has several phones that take a push: " + strings.Join(able, ", ")
	switch {
	case wanted != "" && slices.Contains(able, wanted):
		return wanted, nil
	case wanted == "" && len(able) == 1:
		return able[0], nil
	case len(able) == 0:
		rule = "cannot be chosen: the user has no phone that takes a push"
	case wanted != "":
		rule = "is not a phone of the user's that takes a push; there are: " + strings.Join(able, ", ")
	}
	return "", &PolicyError{Field: "phone_id", Rule: rule, kind: ErrWhichPhone}
}

// await asks until there is an answer or the time is over.
func (o *Org) await(ctx context.Context, ask func() (*duoclient.VerificationResult, error), expires time.Time) (Verdict, error) {
	for {
		got, err := ask()
		switch {
		case errors.Is(err, duoclient.ErrNotFound): // Duo has forgotten it
			return VerdictTimeout, nil
		case err != nil:
			return VerdictTimeout, fmt.Errorf("helpdesk: waiting for the answer: %w", err)
		}
		switch got.Result {
		case duoclient.VerificationApprove:
			return VerdictApproved, nil
		case duoclient.VerificationFraud:
			return VerdictFraud, nil
		case duoclient.VerificationWaiting:
		default:
			return VerdictDenied, nil
		}
		if !o.desk.now().Add(pollEvery).Before(expires) {
			return VerdictTimeout, nil
		}
		if err := o.desk.sleep(ctx, pollEvery); err != nil {
			return VerdictTimeout, fmt.Errorf("helpdesk: waiting for the answer: %w", err)
		}
	}
}

// judge records the verdict. One that cannot be recorded proves nothing.
func (o *Org) judge(ctx context.Context, order Order, deed Deed, verdict Verdict, err error) (Verdict, error) {
	deed.Action, deed.Org = ActionUserVerified, o.config.Name
	deed.Detail["verdict"] = string(verdict)
	outcome, why := audit.Refused, ""
	switch {
	case err != nil:
		outcome, why = audit.Failed, failure(err)
	case verdict == VerdictApproved:
		outcome = audit.OK
	}
	recordErr := o.desk.recorder.Record(context.WithoutCancel(ctx), event(order, deed, outcome, why))
	if recordErr != nil {
		return VerdictTimeout, errors.Join(err, fmt.Errorf("helpdesk: verdict could not be recorded: %w", recordErr))
	}
	return verdict, err
}
