package duoclient

import (
	"context"
	"iter"

	"mfaserver/internal/secret"
)

// Phones gives a user's phones: GET /admin/v1/users/{user_id}/phones, paged by
// 500. An unknown user is [ErrNotFound], here and below.
func (s *UserService) Phones(ctx context.Context, userID string) iter.Seq2[*Phone, error] {
	return ofUser[Phone](ctx, s.api, userID, "phones")
}

// Groups gives a user's groups: GET /admin/v1/users/{user_id}/groups.
func (s *UserService) Groups(ctx context.Context, userID string) iter.Seq2[*Group, error] {
	return ofUser[Group](ctx, s.api, userID, "groups")
}

// Tokens gives a user's hardware tokens: GET /admin/v1/users/{user_id}/tokens.
func (s *UserService) Tokens(ctx context.Context, userID string) iter.Seq2[*Token, error] {
	return ofUser[Token](ctx, s.api, userID, "tokens")
}

// WebAuthn gives a user's security keys and platform authenticators: GET
// /admin/v1/users/{user_id}/webauthncredentials.
func (s *UserService) WebAuthn(ctx context.Context, userID string) iter.Seq2[*WebAuthn, error] {
	return ofUser[WebAuthn](ctx, s.api, userID, "webauthncredentials")
}

// BypassCodes gives what Duo tells of a user's bypass codes, never the codes:
// GET /admin/v1/users/{user_id}/bypass_codes.
func (s *UserService) BypassCodes(ctx context.Context, userID string) iter.Seq2[*BypassCode, error] {
	return ofUser[BypassCode](ctx, s.api, userID, "bypass_codes")
}

func ofUser[T any](ctx context.Context, a *api, userID, what string) iter.Seq2[*T, error] {
	p := newParameters()
	return offsetPages[T](ctx, a, p.path("/admin/v1/users/:user_id/"+what, userID), p, pageMost)
}

// AddPhone gives a user a phone that exists: POST
// /admin/v1/users/{user_id}/phones with phone_id. Twice is once.
func (s *UserService) AddPhone(ctx context.Context, userID, phoneID string) error {
	return s.add(ctx, userID, "phones", "phone_id", phoneID)
}

// RemovePhone takes a phone from a user; the phone stays: DELETE
// /admin/v1/users/{user_id}/phones/{phone_id}. One that he does not have is no
// error.
func (s *UserService) RemovePhone(ctx context.Context, userID, phoneID string) error {
	return s.take(ctx, userID, "phones", "phone_id", phoneID)
}

// AddGroup puts a user into a group: POST /admin/v1/users/{user_id}/groups
// with group_id. Twice is once.
func (s *UserService) AddGroup(ctx context.Context, userID, groupID string) error {
	return s.add(ctx, userID, "groups", "group_id", groupID)
}

// RemoveGroup takes a user out of a group: DELETE
// /admin/v1/users/{user_id}/groups/{group_id}. One that he is not in is no
// error.
func (s *UserService) RemoveGroup(ctx context.Context, userID, groupID string) error {
	return s.take(ctx, userID, "groups", "group_id", groupID)
}

// AddToken gives a user a hardware token that exists: POST
// /admin/v1/users/{user_id}/tokens with token_id. Twice is once.
func (s *UserService) AddToken(ctx context.Context, userID, tokenID string) error {
	return s.add(ctx, userID, "tokens", "token_id", tokenID)
}

// RemoveToken takes a hardware token from a user: DELETE
// /admin/v1/users/{user_id}/tokens/{token_id}. One that he does not have is no
// error.
func (s *UserService) RemoveToken(ctx context.Context, userID, tokenID string) error {
	return s.take(ctx, userID, "tokens", "token_id", tokenID)
}

func (s *UserService) add(ctx context.Context, userID, what, name, key string) error {
	p := newParameters()
	path := p.path("/admin/v1/users/:user_id/"+what, userID)
	p.key(name, key)
	return s.api.run(ctx, put(path, p))
}

func (s *UserService) take(ctx context.Context, userID, what, name, key string) error {
	p := newParameters()
	op := remove(p.path("/admin/v1/users/:user_id/"+what+"/:"+name, userID, key))
	op.params = p
	return s.api.run(ctx, op)
}

// VerificationPush is a push that proves to a help desk who is calling.
type VerificationPush struct {
	PushID string `json:"push_id"`
	// ConfirmationCode stands on the phone too: the caller reads it out.
	ConfirmationCode secret.Secret `json:"confirmation_code"`
	Extra            Extra         `json:"-"`
}

// SendVerificationPush sends one to a phone of the user's: POST
// /admin/v1/users/{user_id}/send_verification_push with phone_id. A phone that
// takes no push is [ErrBadParameter]. It is sent once.
func (s *UserService) SendVerificationPush(ctx context.Context, userID, phoneID string) (*VerificationPush, error) {
	p := newParameters()
	path := p.path("/admin/v1/users/:user_id/send_verification_push", userID)
	p.key("phone_id", phoneID)
	op := post(path, p)
	v, err := read[VerificationPush](ctx, s.api, op)
	if err == nil && v.PushID == "" {
		return nil, unexpected(op, "a push: push_id is missing")
	}
	return v, err
}

// VerificationOutcome is what the user did with a verification push.
type VerificationOutcome string

// The outcomes. Others may come: only approve proves anything.
const (
	VerificationApprove VerificationOutcome = "approve"
	VerificationDeny    VerificationOutcome = "deny"
	VerificationFraud   VerificationOutcome = "fraud"
	VerificationWaiting VerificationOutcome = "waiting"
)

// VerificationResult is the answer to a verification push.
type VerificationResult struct {
	PushID string              `json:"push_id"`
	Result VerificationOutcome `json:"result"`
	Extra  Extra               `json:"-"`
}

// VerificationPushResponse asks for the answer: GET
// /admin/v1/users/{user_id}/verification_push_response with push_id. After two
// minutes Duo has forgotten the push: [ErrNotFound].
func (s *UserService) VerificationPushResponse(ctx context.Context, userID, pushID string) (*VerificationResult, error) {
	p := newParameters()
	path := p.path("/admin/v1/users/:user_id/verification_push_response", userID)
	p.uuid("push_id", pushID)
	op := get(path, p)
	v, err := read[VerificationResult](ctx, s.api, op)
	if err == nil && v.Result == "" {
		return nil, unexpected(op, "an answer: result is missing")
	}
	return v, err
}
