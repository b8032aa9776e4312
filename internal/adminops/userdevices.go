package adminops

import (
	"context"
	"iter"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

type phoneAssign struct {
	PhoneID string `json:"phone_id" need:"yes" doc:"A phone that exists."`
	why
}

type userVerify struct {
	PhoneID     string `json:"phone_id" doc:"The phone to push to; the only one that takes a push when absent."`
	TimeoutSecs *int64 `json:"timeout_secs" doc:"How long to wait, 1 to 120 seconds; 120 when absent."`
	why
}

func userDeviceOperations() []operation {
	one := []string{"user_id"}
	verify := changes("users.verify", "Send a verification push, tell the code that the caller must read out, and wait for the answer.",
		one, helpdesk.ActionUserVerify, verifyUser)
	verify.Stream, verify.Secret = true, true
	return []operation{
		lists("users.phones", "List a user's phones.", one, nil, func(ctx context.Context, a *duoclient.Admin, r *request) iter.Seq2[*duoclient.Phone, error] {
			return a.Users.Phones(ctx, r.ID["user_id"])
		}),
		changes("phones.assign", "Give a phone to a user.", one, helpdesk.ActionPhoneAssign, assignPhone),
		removes("phones.unassign", "Take a phone from a user; the phone stays.", []string{"user_id", "phone_id"}, helpdesk.ActionPhoneUnassign, unassignPhone),
		lists("users.groups", "List a user's groups.", one, nil, func(ctx context.Context, a *duoclient.Admin, r *request) iter.Seq2[*duoclient.Group, error] {
			return a.Users.Groups(ctx, r.ID["user_id"])
		}),
		lists("users.tokens", "List a user's hardware tokens.", one, nil, func(ctx context.Context, a *duoclient.Admin, r *request) iter.Seq2[*duoclient.Token, error] {
			return a.Users.Tokens(ctx, r.ID["user_id"])
		}),
		lists("users.webauthn", "List a user's security keys and platform authenticators.", one, nil, func(ctx context.Context, a *duoclient.Admin, r *request) iter.Seq2[*duoclient.WebAuthn, error] {
			return a.Users.WebAuthn(ctx, r.ID["user_id"])
		}),
		verify,
	}
}

func assignPhone(ctx context.Context, r *request, b phoneAssign) (Result, error) {
	if b.PhoneID == "" {
		return Result{}, parameterError("phone_id", "is missing")
	}
	return Result{}, r.toUser(ctx, r.order(b.why), helpdesk.ActionPhoneAssign, func(ctx context.Context, a *duoclient.Admin) error {
		return a.Users.AddPhone(ctx, r.ID["user_id"], b.PhoneID)
	}, "phone_id", b.PhoneID)
}

func unassignPhone(ctx context.Context, r *request) error {
	return r.toUser(ctx, r.queryOrder(), helpdesk.ActionPhoneUnassign, func(ctx context.Context, a *duoclient.Admin) error {
		return a.Users.RemovePhone(ctx, r.ID["user_id"], r.ID["phone_id"])
	})
}

// verificationSent and verificationEnd are the two items of a verification.
type verificationSent struct {
	Event            string     `json:"event"`
	UserID           string     `json:"user_id"`
	Username         string     `json:"username"`
	PhoneID          string     `json:"phone_id"`
	ConfirmationCode string     `json:"confirmation_code"`
	Expires          *time.Time `json:"expires"`
}

type verificationEnd struct {
	Event   string           `json:"event"`
	Verdict helpdesk.Verdict `json:"verdict"`
}

// verifyUser gives one item when the push is sent and one when it is answered.
func verifyUser(ctx context.Context, r *request, b userVerify) (Result, error) {
	org, err := r.desk.Org(r.Org)
	if err != nil {
		return Result{}, err
	}
	request := helpdesk.VerifyRequest{Order: r.order(b.why), Subject: helpdesk.Subject{UserID: r.ID["user_id"]}, PhoneID: b.PhoneID}
	if b.TimeoutSecs != nil {
		request.Timeout = seconds(*b.TimeoutSecs)
		if request.Timeout < time.Second || request.Timeout > 2*time.Minute {
			return Result{}, parameterError("timeout_secs", "must be 1 to 120")
		}
	}
	return Result{Items: verification(ctx, org, request)}, nil
}

func verification(ctx context.Context, org *helpdesk.Org, request helpdesk.VerifyRequest) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		listening := true
		verdict, err := org.Verify(ctx, request, func(v helpdesk.Verification) {
			listening = yield(tell(verificationSent{
				Event: "sent", UserID: v.UserID, Username: v.Username, PhoneID: v.PhoneID,
				ConfirmationCode: v.Code.Reveal(), Expires: instant(v.Expires),
			}), nil)
			if !listening {
				cancel()
			}
		})
		switch {
		case !listening:
		case err != nil:
			yield(nil, err)
		default:
			yield(verificationEnd{Event: "answered", Verdict: verdict}, nil)
		}
	}
}
