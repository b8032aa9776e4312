package helpdesk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"mfaserver/duoclient"
)

// enroller takes one enrolment through its steps.
type enroller struct {
	org     *Org
	admin   *duoclient.Admin
	request EnrolRequest
	result  *Enrolment
	user    *duoclient.User
	phone   *duoclient.Phone
}

// cleanupTime bounds taking back a phone that could not be given to anybody.
const cleanupTime = 10 * time.Second

func (e *enroller) run(ctx context.Context) error {
	for _, step := range []struct {
		name StepName
		do   func(context.Context) (StepState, string, error)
	}{
		{StepUser, e.makeUser}, {StepPhone, e.makePhone}, {StepTie, e.tie}, {StepLink, e.link},
	} {
		if err := e.step(ctx, step.name, step.do); err != nil {
			return err
		}
	}
	return nil
}

// step notes how the step ended.
func (e *enroller) step(ctx context.Context, name StepName, do func(context.Context) (StepState, string, error)) error {
	i := slices.IndexFunc(e.result.Steps, func(s Step) bool { return s.Name == name })
	state, id, err := do(ctx)
	if err != nil {
		e.result.Steps[i].State = StepFailed
		return &EnrolError{Username: e.request.Username, Step: name, Steps: slices.Clone(e.result.Steps), Err: err}
	}
	e.result.Steps[i].State, e.result.Steps[i].ID = state, id
	return nil
}

func (e *enroller) do(ctx context.Context, a Action, detail map[string]string, effect func(context.Context) error) error {
	return e.org.Do(ctx, e.request.Order, Deed{Action: a, Subject: e.request.Username, Detail: detail}, effect)
}

func (e *enroller) makeUser(ctx context.Context) (StepState, string, error) {
	state, err := e.findUser(ctx)
	if errors.Is(err, duoclient.ErrNotFound) {
		state = StepDone
		err = e.do(ctx, ActionUserCreate, nil, func(ctx context.Context) error {
			e.user, err = e.admin.Users.Create(ctx, duoclient.UserParams{
				Username: e.request.Username, Realname: e.request.Realname, Email: e.request.Email,
			})
			return err
		})
		if errors.Is(err, duoclient.ErrDuplicate) { // somebody was faster
			state, err = e.findUser(ctx)
		}
	}
	if err != nil {
		return "", "", err
	}
	e.result.UserID = e.user.UserID
	return state, e.user.UserID, nil
}

func (e *enroller) findUser(ctx context.Context) (StepState, error) {
	user, err := e.admin.Users.ByName(ctx, e.request.Username)
	if err != nil {
		return "", err
	}
	e.user, e.result.Username = user, user.Username
	return StepFound, nil
}

func (e *enroller) makePhone(ctx context.Context) (StepState, string, error) {
	phone, err := e.findPhone(ctx)
	if err != nil {
		return "", "", err
	}
	state := StepFound
	if phone == nil {
		state = StepDone
		detail := map[string]string{"number": maskNumber(e.request.Phone), "user_id": e.user.UserID}
		err = e.do(ctx, ActionPhoneCreate, detail, func(ctx context.Context) error {
			phone, err = e.admin.Phones.Create(ctx, e.request.phoneParams())
			return err
		})
		if errors.Is(err, duoclient.ErrDuplicate) { // somebody was faster
			state = StepFound
			if phone, err = e.findPhone(ctx); err == nil && phone == nil {
				err = duoclient.ErrNotFound
			}
		}
		if err != nil {
			return "", "", err
		}
	}
	e.phone, e.result.PhoneID = phone, phone.PhoneID
	return state, phone.PhoneID, nil
}

// findPhone gives the phone that is there already, or nil.
func (e *enroller) findPhone(ctx context.Context) (*duoclient.Phone, error) {
	switch {
	case e.request.PhoneID != "":
		phone, err := e.admin.Phones.Get(ctx, e.request.PhoneID)
		if err != nil {
			return nil, err
		}
		return phone, e.mayTake(phone)
	case e.request.Phone == "":
		return e.ownTablet(), nil
	}
	filter := duoclient.PhoneFilter{Number: e.request.Phone, Extension: e.request.Extension}
	for phone, err := range e.admin.Phones.List(ctx, filter) {
		switch {
		case err != nil:
			return nil, err
		case phone.Extension == e.request.Extension && plainNumber(phone.Number) == e.request.Phone:
			return phone, e.mayTake(phone)
		}
	}
	return nil, nil //nolint:nilnil // there is none, which is no error
}

// ownTablet is the phone without a number that the user has, when there is one
// and nobody has activated it.
func (e *enroller) ownTablet() *duoclient.Phone {
	for i := range e.user.Phones {
		if p := &e.user.Phones[i]; p.Number == "" && !p.Activated {
			return p
		}
	}
	return nil
}

// mayTake refuses the phone of another user.
func (e *enroller) mayTake(phone *duoclient.Phone) error {
	others := slices.ContainsFunc(phone.Users, func(u duoclient.User) bool { return u.UserID != e.user.UserID })
	if others && !e.request.Shared {
		return &PolicyError{
			Field: "phone", Rule: "is the phone of somebody else; say that it is shared, or take it from him first", kind: ErrPhoneTaken,
		}
	}
	return nil
}

// tie gives the phone to the user. A phone without a number that was made for
// it and cannot be given to him would be lost: nothing finds it again.
func (e *enroller) tie(ctx context.Context) (StepState, string, error) {
	mine := func(p duoclient.Phone) bool { return p.PhoneID == e.phone.PhoneID }
	owner := func(u duoclient.User) bool { return u.UserID == e.user.UserID }
	if slices.ContainsFunc(e.user.Phones, mine) || slices.ContainsFunc(e.phone.Users, owner) {
		return StepFound, e.phone.PhoneID, nil
	}
	detail := map[string]string{"phone_id": e.phone.PhoneID, "user_id": e.user.UserID}
	err := e.do(ctx, ActionPhoneAssign, detail, func(ctx context.Context) error {
		return e.admin.Users.AddPhone(ctx, e.user.UserID, e.phone.PhoneID)
	})
	if err != nil && e.request.Phone == "" && e.request.PhoneID == "" {
		e.takeBack(ctx, detail)
	}
	return StepDone, e.phone.PhoneID, err
}

func (e *enroller) takeBack(ctx context.Context, detail map[string]string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
	defer cancel()
	order := e.request.Order
	order.Reason = "made for an enrolment that failed"
	deed := Deed{Action: ActionPhoneDelete, Subject: e.request.Username, Detail: detail}
	err := e.org.Do(ctx, order, deed, func(ctx context.Context) error { return e.admin.Phones.Delete(ctx, e.phone.PhoneID) })
	if err == nil {
		e.result.PhoneID = ""
		e.result.Steps[1] = Step{Name: StepPhone, State: StepOpen}
	}
}

func (e *enroller) link(ctx context.Context) (StepState, string, error) {
	if e.request.Deliver == DeliverNone || e.phone.Activated {
		return StepSkipped, "", nil
	}
	params := duoclient.ActivationParams{Valid: e.request.Valid, Install: e.request.Install}
	detail := map[string]string{
		"phone_id": e.phone.PhoneID, "user_id": e.user.UserID, "valid": e.request.Valid.String(),
	}
	action, effect := ActionActivationURL, func(ctx context.Context) error {
		got, err := e.admin.Phones.ActivationURL(ctx, e.phone.PhoneID, params)
		if err != nil {
			return err
		}
		e.result.ActivationURL, e.result.ActivationBarcode = got.ActivationURL, got.ActivationBarcode
		e.result.InstallationURL = got.InstallationURL
		return nil
	}
	if e.request.Deliver == DeliverSMS {
		action, effect = ActionActivationSMS, func(ctx context.Context) error {
			_, err := e.admin.Phones.SMSActivation(ctx, e.phone.PhoneID, params)
			return err
		}
	}
	expires := e.org.desk.now().Add(e.request.Valid)
	if err := e.do(ctx, action, detail, effect); err != nil {
		return "", "", err
	}
	e.result.Expires = expires
	return StepDone, "", nil
}

// invite lets Duo make the user and send the link by e-mail, in one call.
func (e *enroller) invite(ctx context.Context) error {
	e.result.Steps = []Step{{StepUser, StepOpen, ""}, {StepLink, StepOpen, ""}}
	expires := e.org.desk.now().Add(e.request.Valid)
	err := e.step(ctx, StepUser, func(ctx context.Context) (StepState, string, error) {
		state, err := e.findUser(ctx)
		if errors.Is(err, duoclient.ErrNotFound) {
			return StepSkipped, "", nil // Duo makes him with the link
		}
		if err != nil {
			return "", "", err
		}
		e.result.UserID = e.user.UserID
		return state, e.user.UserID, nil
	})
	if err != nil {
		return err
	}
	return e.step(ctx, StepLink, func(ctx context.Context) (StepState, string, error) {
		if e.user != nil && e.user.IsEnrolled {
			return StepSkipped, "", nil
		}
		detail := map[string]string{"valid": e.request.Valid.String()}
		err := e.do(ctx, ActionUserEnroll, detail, func(ctx context.Context) error {
			_, err := e.admin.Users.Enroll(ctx, e.request.Username, e.request.Email, e.request.Valid)
			return err
		})
		if err != nil {
			return "", "", err
		}
		e.result.Expires = expires
		if e.user == nil {
			e.result.Steps[0].State = StepDone
		}
		return StepDone, "", nil
	})
}

// maskNumber shows the last four digits, as Duo does.
func maskNumber(number string) string {
	const shown = 4
	if len(number) <= shown {
		return ""
	}
	return strings.Repeat("X", len(number)-shown) + number[len(number)-shown:]
}
