package helpdesk

import (
	"context"

	"mfaserver/duoclient"
)

// ResetDone is what a reset took away.
type ResetDone struct {
	Org, UserID, Username               string
	Phones, Tokens, SecurityKeys, Codes int
	// Sessions are those that ended here.
	Sessions int
}

// Reset takes away everything by which a user proves himself: phones, which
// are deleted where nobody else has them, hardware tokens, security keys and
// bypass codes. He can be enrolled anew afterwards, and cannot sign in before.
// His sessions end, before and once more afterwards, for whoever has his phone
// may be signed in or sign in meanwhile. It needs a reason, and nobody resets
// himself. The reset and each step are recorded before they happen; with an
// error, what is done stays done, and asking again continues.
func (o *Org) Reset(ctx context.Context, order Order, s Subject) (ResetDone, error) {
	done := ResetDone{Org: o.config.Name, Username: s.Username}
	deed := Deed{Action: ActionUserReset, Org: o.config.Name, Subject: s.Username}
	if err := order.check(deed.Action); err != nil {
		return done, o.desk.refuse(ctx, order, deed, err)
	}
	user, err := o.Find(ctx, s)
	if err != nil {
		return done, err
	}
	done.UserID, done.Username, deed.Subject = user.UserID, user.Username, user.Username
	if order.Actor.isSelf(names(user)...) {
		return done, o.desk.refuse(ctx, order, deed, errSelf("username"))
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return done, err
	}
	r := resetting{org: o, admin: admin, order: order, user: user, done: &done}
	deed.Detail = map[string]string{"user_id": user.UserID}
	err = o.Do(ctx, order, deed, func(ctx context.Context) error {
		for _, step := range []func(context.Context) error{r.signOut, r.codes, r.phones, r.tokens, r.keys, r.signOut} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	return done, err
}

// resetting is a reset on its way.
type resetting struct {
	org   *Org
	admin *duoclient.Admin
	order Order
	user  *duoclient.User
	done  *ResetDone
}

func (r *resetting) do(ctx context.Context, a Action, what, key string, count *int, effect func(context.Context) error) error {
	deed := Deed{Action: a, Subject: r.user.Username, Detail: map[string]string{"user_id": r.user.UserID, what: key, "errand": "reset"}}
	err := r.org.Do(ctx, r.order, deed, effect)
	if err == nil {
		*count++
	}
	return err
}

// signOut ends the user's sessions, where his are of this organisation. The
// manager of sessions records each.
func (r *resetting) signOut(ctx context.Context) error {
	if r.org.desk.signOut == nil || r.org != r.org.desk.orgs[0] {
		return nil
	}
	n, err := r.org.desk.signOut(ctx, r.order, r.user.Username)
	r.done.Sessions += n
	return err
}

// codes come first: with one of them somebody could sign in meanwhile.
func (r *resetting) codes(ctx context.Context) error {
	var all []string
	for code, err := range r.admin.Users.BypassCodes(ctx, r.user.UserID) {
		if err != nil {
			return err
		}
		all = append(all, code.BypassCodeID)
	}
	for _, id := range all {
		err := r.do(ctx, ActionBypassDelete, "bypass_code_id", id, &r.done.Codes, func(ctx context.Context) error {
			return r.admin.BypassCodes.Delete(ctx, id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// phones deletes those that are his alone, with Duo Mobile on them, and takes
// from him those that others have too.
func (r *resetting) phones(ctx context.Context) error {
	for i := range r.user.Phones {
		id := r.user.Phones[i].PhoneID
		phone, err := r.admin.Phones.Get(ctx, id)
		if err != nil {
			return err
		}
		action, effect := ActionPhoneDelete, func(ctx context.Context) error { return r.admin.Phones.Delete(ctx, id) }
		if len(phone.Users) > 1 {
			action, effect = ActionPhoneUnassign, func(ctx context.Context) error { return r.admin.Users.RemovePhone(ctx, r.user.UserID, id) }
		}
		if err := r.do(ctx, action, "phone_id", id, &r.done.Phones, effect); err != nil {
			return err
		}
	}
	return nil
}

func (r *resetting) tokens(ctx context.Context) error {
	for i := range r.user.Tokens {
		id := r.user.Tokens[i].TokenID
		err := r.do(ctx, ActionTokenUnassign, "token_id", id, &r.done.Tokens, func(ctx context.Context) error {
			return r.admin.Users.RemoveToken(ctx, r.user.UserID, id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *resetting) keys(ctx context.Context) error {
	for i := range r.user.WebAuthn {
		key := r.user.WebAuthn[i].WebAuthnKey
		err := r.do(ctx, ActionWebAuthnDelete, "webauthnkey", key, &r.done.SecurityKeys, func(ctx context.Context) error {
			return r.admin.WebAuthn.Delete(ctx, key)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
