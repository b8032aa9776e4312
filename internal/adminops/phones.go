package adminops

import (
	"context"
	"iter"
	"slices"
	"strings"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

type phoneFields struct {
	Number    string `json:"number" doc:"With + and the country code; empty for a tablet."`
	Extension string `json:"extension" doc:"At most 32 characters: digits, *, # and commas."`
	Name      string `json:"name" doc:"At most 256 bytes."`
	Type      string `json:"type" doc:"unknown, mobile or landline."`
	Platform  string `json:"platform" doc:"As Duo names it, for example apple ios or google android."`
	Predelay  string `json:"predelay" doc:"Whole seconds, 0 to 999, before the extension is dialled."`
	Postdelay string `json:"postdelay" doc:"Whole seconds, 0 to 999, before Duo speaks."`
}

func (p phoneFields) params() duoclient.PhoneParams {
	return duoclient.PhoneParams{
		Number: p.Number, Extension: p.Extension, Name: p.Name, Type: p.Type, Platform: p.Platform,
		Predelay: p.Predelay, Postdelay: p.Postdelay,
	}
}

type phoneCreate struct {
	phoneFields
	why
}

type phoneUpdate struct {
	phoneFields
	Clear []string `json:"clear" doc:"Members to empty: extension, name, predelay, postdelay."`
	why
}

type phoneLink struct {
	ValidSecs *int64 `json:"valid_secs" doc:"Life of the link, 600 to 604800 seconds; a day when absent."`
	Install   bool   `json:"install" doc:"Asks for a link to install Duo Mobile too."`
	why
}

type phoneLinkSMS struct {
	phoneLink
	ActivationMessage   string `json:"activation_msg" doc:"The message; it holds <acturl>. Duo's words when absent."`
	InstallationMessage string `json:"installation_msg" doc:"The message before it; it holds <insturl>. Only with install."`
}

type phoneInstallSMS struct {
	InstallationMessage string `json:"installation_msg" doc:"The message; it holds <insturl>. Duo's words when absent."`
	why
}

func phoneOperations() []operation {
	one := []string{"phone_id"}
	link := changes("phones.activation-url", "Make a link that activates Duo Mobile on a phone, told once; earlier ones end.", one, helpdesk.ActionActivationURL, activationURL)
	link.Secret = true
	return []operation{
		lists("phones.list", "List phones.", nil, []Field{
			text("number", "A number, exact."), text("extension", "Goes with number."),
		}, func(ctx context.Context, a *duoclient.Admin, r *request) iter.Seq2[*duoclient.Phone, error] {
			return a.Phones.List(ctx, duoclient.PhoneFilter{Number: r.Query.Get("number"), Extension: r.Query.Get("extension")})
		}),
		changes("phones.create", "Make a phone, which belongs to nobody yet.", nil, helpdesk.ActionPhoneCreate, createPhone),
		reads("phones.get", "Get a phone.", one, func(ctx context.Context, a *duoclient.Admin, r *request) (*duoclient.Phone, error) {
			return a.Phones.Get(ctx, r.ID["phone_id"])
		}),
		changes("phones.update", "Change what is said of a phone.", one, helpdesk.ActionPhoneUpdate, updatePhone),
		removes("phones.delete", "Delete a phone, also from those who have it.", one, helpdesk.ActionPhoneDelete, deletePhone),
		link,
		changes("phones.sms-activation", "Send such a link to the phone by SMS.", one, helpdesk.ActionActivationSMS, smsActivation),
		changes("phones.sms-installation", "Send a link to install Duo Mobile by SMS.", one, helpdesk.ActionInstallationSMS, smsInstallation),
		changes("phones.sms-passcodes", "Send new passcodes by SMS; earlier ones end.", one, helpdesk.ActionPasscodesSMS, smsPasscodes),
	}
}

func createPhone(ctx context.Context, r *request, b phoneCreate) (Result, error) {
	return gives(func(ctx context.Context, a *duoclient.Admin) (*duoclient.Phone, error) {
		return a.Phones.Create(ctx, b.params())
	}, func(do effect) error {
		return r.acts(ctx, r.order(b.why), helpdesk.ActionPhoneCreate, "", do, "number", b.Number)
	})
}

func updatePhone(ctx context.Context, r *request, b phoneUpdate) (Result, error) {
	params := b.params()
	params.Clear = slices.Clone(b.Clear)
	return gives(func(ctx context.Context, a *duoclient.Admin) (*duoclient.Phone, error) {
		return a.Phones.Update(ctx, r.ID["phone_id"], params)
	}, func(do effect) error {
		return r.toPhone(ctx, r.order(b.why), helpdesk.ActionPhoneUpdate, do, "number", b.Number)
	})
}

// owners are the users who have the phone of the path, for the trail.
func (r *request) owners(ctx context.Context) (string, error) {
	_, admin, err := r.admin(ctx)
	if err != nil {
		return "", err
	}
	phone, err := admin.Phones.Get(ctx, r.ID["phone_id"])
	if err != nil {
		return "", err
	}
	names := make([]string, 0, len(phone.Users))
	for _, u := range phone.Users {
		names = append(names, u.Username)
	}
	return strings.Join(names, ", "), nil
}

func deletePhone(ctx context.Context, r *request) error {
	return r.toPhone(ctx, r.queryOrder(), helpdesk.ActionPhoneDelete, func(ctx context.Context, a *duoclient.Admin) error {
		return a.Phones.Delete(ctx, r.ID["phone_id"])
	})
}

func (b phoneLink) activation() (duoclient.ActivationParams, error) {
	life, err := activationLife(b.ValidSecs)
	return duoclient.ActivationParams{Valid: life, Install: b.Install}, err
}

func activationURL(ctx context.Context, r *request, b phoneLink) (Result, error) {
	params, err := b.activation()
	if err != nil {
		return Result{}, err
	}
	var link *duoclient.Activation
	err = r.toPhone(ctx, r.order(b.why), helpdesk.ActionActivationURL, func(ctx context.Context, a *duoclient.Admin) (err error) {
		link, err = a.Phones.ActivationURL(ctx, r.ID["phone_id"], params)
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return Result{Value: told{link.RevealJSON}}, nil
}

// smsActivation sends the link to the phone; the answer holds none, for it is
// not meant for the administrator.
func smsActivation(ctx context.Context, r *request, b phoneLinkSMS) (Result, error) {
	params, err := b.activation()
	if err != nil {
		return Result{}, err
	}
	params.ActivationMessage, params.InstallationMessage = b.ActivationMessage, b.InstallationMessage
	return Result{}, r.toPhone(ctx, r.order(b.why), helpdesk.ActionActivationSMS, func(ctx context.Context, a *duoclient.Admin) error {
		_, err := a.Phones.SMSActivation(ctx, r.ID["phone_id"], params)
		return err
	})
}

func smsInstallation(ctx context.Context, r *request, b phoneInstallSMS) (Result, error) {
	return Result{}, r.toPhone(ctx, r.order(b.why), helpdesk.ActionInstallationSMS, func(ctx context.Context, a *duoclient.Admin) error {
		_, err := a.Phones.SMSInstallation(ctx, r.ID["phone_id"], b.InstallationMessage)
		return err
	})
}

func smsPasscodes(ctx context.Context, r *request, b why) (Result, error) {
	return Result{}, r.toPhone(ctx, r.order(b), helpdesk.ActionPasscodesSMS, func(ctx context.Context, a *duoclient.Admin) error {
		return a.Phones.SMSPasscodes(ctx, r.ID["phone_id"])
	})
}
