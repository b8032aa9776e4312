package duoclient

import (
	"context"
	"iter"
	"time"
)

// WebAuthnService is the Admin API's WebAuthn credentials: security keys and
// platform authenticators. See [Admin] for the errors of every call.
type WebAuthnService struct{ api *api }

// WebAuthn is a WebAuthn credential.
type WebAuthn struct {
	WebAuthnKey            string      `json:"webauthnkey"`
	CredentialName         string      `json:"credential_name"`
	Label                  string      `json:"label"` // Security Key, Touch ID...
	DateAdded              time.Time   `json:"date_added"`
	DateLastUsed           time.Time   `json:"date_last_used"` // zero: never
	AAGUID                 string      `json:"aaguid,omitempty"`
	RegisteredAs           string      `json:"registered_as,omitempty"` // platform, cross-platform, unknown
	PasswordlessAuthorized bool        `json:"passwordless_authorized"`
	UVCapable              bool        `json:"uv_capable"`
	Transports             []string    `json:"transports,omitempty"`
	User                   *User       `json:"user,omitempty"`
	Admin                  *TokenAdmin `json:"admin,omitempty"`
	Extra                  Extra       `json:"-"`
}

// List gives all credentials: GET /admin/v1/webauthncredentials, paged by 500.
func (s *WebAuthnService) List(ctx context.Context) iter.Seq2[*WebAuthn, error] {
	return offsetPages[WebAuthn](ctx, s.api, "/admin/v1/webauthncredentials", nil, pageMost)
}

// Get gives one, or [ErrNotFound]: GET
// /admin/v1/webauthncredentials/{webauthnkey}.
func (s *WebAuthnService) Get(ctx context.Context, key string) (*WebAuthn, error) {
	p := newParameters()
	return read[WebAuthn](ctx, s.api, get(p.path("/admin/v1/webauthncredentials/:webauthnkey", key), p))
}

// Delete ends one: DELETE /admin/v1/webauthncredentials/{webauthnkey}.
func (s *WebAuthnService) Delete(ctx context.Context, key string) error {
	p := newParameters()
	op := remove(p.path("/admin/v1/webauthncredentials/:webauthnkey", key))
	op.params = p
	return s.api.run(ctx, op)
}
