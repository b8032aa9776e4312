package duoclient

import (
	"context"
	"iter"
)

// PhoneService is the Admin API's phones; who has which is at [UserService].
// See [Admin] for the errors of every call.
type PhoneService struct{ api *api }

// List gives the phones that f describes, all when it is zero: GET
// /admin/v1/phones with number and extension, paged by 500.
func (s *PhoneService) List(ctx context.Context, f PhoneFilter) iter.Seq2[*Phone, error] {
	return offsetPages[Phone](ctx, s.api, "/admin/v1/phones", f.parameters(), pageMost)
}

// Get gives one phone, or [ErrNotFound]: GET /admin/v1/phones/{phone_id}.
func (s *PhoneService) Get(ctx context.Context, phoneID string) (*Phone, error) {
	p := newParameters()
	return read[Phone](ctx, s.api, get(p.path("/admin/v1/phones/:phone_id", phoneID), p))
}

// Create makes a phone, which belongs to nobody yet: POST /admin/v1/phones with
// number, extension, name, type, platform, predelay and postdelay, all
// optional. A number and extension that exist are [ErrDuplicate]. It is sent
// once.
func (s *PhoneService) Create(ctx context.Context, f PhoneParams) (*Phone, error) {
	p := newParameters()
	f.add(p)
	return read[Phone](ctx, s.api, post("/admin/v1/phones", p))
}

// Update changes what f holds: POST /admin/v1/phones/{phone_id} with the
// parameters of [PhoneService.Create].
func (s *PhoneService) Update(ctx context.Context, phoneID string, f PhoneParams) (*Phone, error) {
	p := newParameters()
	path := p.path("/admin/v1/phones/:phone_id", phoneID)
	f.add(p)
	if len(p.values)+len(p.faults) == 0 {
		p.fault("number", "and all others are empty: there is nothing to change")
	}
	return read[Phone](ctx, s.api, put(path, p))
}

// Delete removes a phone, also from those who have it: DELETE
// /admin/v1/phones/{phone_id}. One that is gone already is no error.
func (s *PhoneService) Delete(ctx context.Context, phoneID string) error {
	op := remove("")
	op.params = newParameters()
	op.path = op.params.path("/admin/v1/phones/:phone_id", phoneID)
	return s.api.run(ctx, op)
}

// ActivationURL makes a link that activates Duo Mobile on a phone; earlier
// links of the phone end: POST /admin/v1/phones/{phone_id}/activation_url with
// valid_secs and install. A phone without a smartphone's platform is
// [ErrBadParameter]. It is sent once.
func (s *PhoneService) ActivationURL(ctx context.Context, phoneID string, a ActivationParams) (*Activation, error) {
	p := newParameters()
	path := p.path("/admin/v1/phones/:phone_id/activation_url", phoneID)
	a.add(p, false)
	op := post(path, p)
	v, err := read[Activation](ctx, s.api, op)
	if err == nil && v.ActivationURL.IsZero() {
		return nil, unexpected(op, "an activation: activation_url is missing")
	}
	return v, err
}

// SMSActivation sends such a link by SMS: POST
// /admin/v1/phones/{phone_id}/send_sms_activation with valid_secs, install,
// installation_msg (holds <insturl>) and activation_msg (holds <acturl>), each
// at most 1600 bytes. A phone that takes no SMS is [ErrBadParameter]. It is
// sent once.
func (s *PhoneService) SMSActivation(ctx context.Context, phoneID string, a ActivationParams) (*SMSActivation, error) {
	p := newParameters()
	path := p.path("/admin/v1/phones/:phone_id/send_sms_activation", phoneID)
	a.add(p, true)
	return read[SMSActivation](ctx, s.api, post(path, p))
}

// SMSInstallation sends a link to install Duo Mobile by SMS and gives the
// message: POST /admin/v1/phones/{phone_id}/send_sms_installation with
// installation_msg (holds <insturl>, at most 1600 bytes; empty: Duo's words).
// It is sent once.
func (s *PhoneService) SMSInstallation(ctx context.Context, phoneID, message string) (string, error) {
	p := newParameters()
	path := p.path("/admin/v1/phones/:phone_id/send_sms_installation", phoneID)
	p.message("installation_msg", message, "<insturl>")
	v, err := read[struct {
		Message string `json:"installation_msg"`
	}](ctx, s.api, post(path, p))
	if err != nil {
		return "", err
	}
	return v.Message, nil
}

// SMSPasscodes sends new passcodes by SMS; earlier ones end: POST
// /admin/v1/phones/{phone_id}/send_sms_passcodes. It is sent once.
func (s *PhoneService) SMSPasscodes(ctx context.Context, phoneID string) error {
	p := newParameters()
	return s.api.run(ctx, post(p.path("/admin/v1/phones/:phone_id/send_sms_passcodes", phoneID), p))
}
