package duoclient

import (
	"context"
	"net/url"
)

// Admin is the client of one application of type Admin API, or of a child
// account (see [Accounts.Admin]). It is safe for concurrent use and prints
// without its secrets.
//
// Errors of every call are those of [Auth]; a permission that the application
// lacks is code 40301 and matches [ErrMisconfigured]. Calls that read, delete
// or set are asked again after 429 and 5xx, seven times in all at most; calls
// that make something or send a message are sent once. Lists fetch their pages
// as they are ranged over, and give an error once, last.
type Admin struct {
	Users          *UserService
	Phones         *PhoneService
	BypassCodes    *BypassCodeService
	Groups         *GroupService
	Tokens         *TokenService
	WebAuthn       *WebAuthnService
	Integrations   *IntegrationService
	Administrators *AdministratorService
	Settings       *SettingsService
	Info           *InfoService
	Logs           *LogService

	api *api
}

// NewAdmin checks c and builds the client; nothing is sent. Errors match
// [ErrConfig] and name every fault.
func NewAdmin(c APIConfig, opts ...Option) (*Admin, error) {
	a, err := newAPI(c, opts)
	if err != nil {
		return nil, err
	}
	return &Admin{
		Users:          &UserService{api: a},
		Phones:         &PhoneService{api: a},
		BypassCodes:    &BypassCodeService{api: a},
		Groups:         &GroupService{api: a},
		Tokens:         &TokenService{api: a},
		WebAuthn:       &WebAuthnService{api: a},
		Integrations:   &IntegrationService{api: a},
		Administrators: &AdministratorService{api: a},
		Settings:       &SettingsService{api: a},
		Info:           &InfoService{api: a},
		Logs:           &LogService{api: a},
		api:            a,
	}, nil
}

// APIHost is the configured host (host:port for a simulator).
func (a *Admin) APIHost() string { return a.api.road.host }

// AccountID is the child account that the client speaks for, empty when it is
// the keys' own.
func (a *Admin) AccountID() string { return a.api.accountID }

// Close closes idle connections. Calls under way go on.
func (a *Admin) Close() { a.api.close() }

// Call makes any call below /admin/ and gives its answer as Duo sent it, one
// page of a list at a time. params go into the query (GET, DELETE) or the
// body. GET and DELETE are asked again after 429 and 5xx, others never.
func (a *Admin) Call(ctx context.Context, method, path string, params url.Values) (Raw, error) {
	return a.api.call(ctx, method, path, params, "/admin/")
}

// CallJSON makes any POST, PUT or PATCH below /admin/ whose body is a JSON
// object with more than texts in it, as policies and branding take it. It
// needs [SignatureV5]. It is sent once.
func (a *Admin) CallJSON(ctx context.Context, method, path string, body map[string]any) (Raw, error) {
	return a.api.callJSON(ctx, method, path, body, "/admin/")
}
