package duotest

import (
	"slices"
	"time"
)

// verificationLife is how long a verification push is good.
const verificationLife = 120 * time.Second

// sendVerificationPush is POST /admin/v1/users/{user_id}/send_verification_push:
// the help desk and the person compare a code.
func (s *Server) sendVerificationPush(c *apiCall, u *user) (any, error) {
	id, err := c.required("phone_id")
	if err != nil {
		return nil, err
	}
	device := c.account.phones.get(id)
	if device == nil || !slices.Contains(u.phones, id) || !device.Activated {
		return nil, errInvalid("phone_id")
	}
	p := s.ring(&push{
		Push: Push{
			ID: newUUID(), Username: u.name, Application: c.account.name, Type: "Verification", Phone: device.snapshot(),
			Code: randomText(digits, 6), At: c.now,
		},
		account: c.account, userID: u.id, expires: c.now.Add(verificationLife),
	})
	p.shown = true
	prune(c.account.verified, func(p *push) bool { return !c.now.Before(p.expires) })
	c.account.verified[p.ID] = p
	switch s.modeFor(c.account, u.name) {
	case Approve:
		p.end(AnswerApprove, c.now)
	case Deny:
		p.end(AnswerDeny, c.now)
	default:
	}
	c.log("verification_push_send", u.name, nil)
	return fields{"push_id": p.ID, "confirmation_code": p.Code}, nil
}

// verificationResponse is GET /admin/v1/users/{user_id}/verification_push_response.
func (s *Server) verificationResponse(c *apiCall, u *user) (any, error) {
	id, err := c.required("push_id")
	if err != nil {
		return nil, err
	}
	p := c.account.verified[id]
	if p == nil || p.userID != u.id || !c.now.Before(p.expires) {
		delete(c.account.verified, id)
		return nil, errNotFound()
	}
	result := "waiting"
	switch p.Answer {
	case AnswerApprove, AnswerDeny, AnswerFraud:
		result = string(p.Answer)
	default:
	}
	return fields{"push_id": id, "result": result}, nil
}
