package duoclient

import (
	"context"
	"iter"
	"strings"

	"mfaserver/internal/secret"
)

// IntegrationService is the Admin API's applications, which Duo's wire calls
// integrations. It needs the permission Grant applications. See [Admin] for
// the errors of every call.
type IntegrationService struct{ api *api }

// Integration is an application. The adminapi members are there for
// applications of type adminapi.
type Integration struct {
	IntegrationKey              string        `json:"integration_key"`
	SecretKey                   secret.Secret `json:"secret_key"`
	Name                        string        `json:"name"`
	Type                        string        `json:"type"` // adminapi, authapi, accountsapi, websdk...
	EnrollPolicy                string        `json:"enroll_policy"`
	GroupsAllowed               []string      `json:"groups_allowed,omitempty"`
	NetworksForAPIAccess        string        `json:"networks_for_api_access"`
	Notes                       string        `json:"notes"`
	PolicyKey                   string        `json:"policy_key,omitempty"`
	SelfServiceAllowed          bool          `json:"self_service_allowed"`
	UsernameNormalizationPolicy string        `json:"username_normalization_policy"` // None, Simple
	AdminAPIAdmins              bool          `json:"adminapi_admins,omitempty"`
	AdminAPIInfo                bool          `json:"adminapi_info,omitempty"`
	AdminAPIIntegrations        bool          `json:"adminapi_integrations,omitempty"`
	AdminAPIReadLog             bool          `json:"adminapi_read_log,omitempty"`
	AdminAPIReadResource        bool          `json:"adminapi_read_resource,omitempty"`
	AdminAPISettings            bool          `json:"adminapi_settings,omitempty"`
	AdminAPIWriteResource       bool          `json:"adminapi_write_resource,omitempty"`
	Extra                       Extra         `json:"-"`
}

// IntegrationParams are what can be said of an application. What is empty is
// left as it is.
type IntegrationParams struct {
	// Name has at most 1024 bytes, Type is one of Duo's types (adminapi,
	// authapi, accountsapi, websdk, rdp, unix...) and cannot be changed; a new
	// application needs both.
	Name, Type string
	// EnrollPolicy is enroll, allow or deny.
	EnrollPolicy string
	// Notes has at most 1024 bytes.
	Notes string
	// NetworksForAPIAccess are addresses and networks, separated by commas.
	NetworksForAPIAccess string
	// GroupsAllowed are the keys of the groups that may use it.
	GroupsAllowed      []string
	SelfServiceAllowed *bool
	// UsernameNormalizationPolicy is none or simple, in any case.
	UsernameNormalizationPolicy string
	// ResetSecretKey makes a new secret key; the old one ends at once. For an
	// application that exists.
	ResetSecretKey bool
	// AdminAPI are the permissions of an application of type adminapi, by their
	// wire names: adminapi_admins, adminapi_info, adminapi_integrations,
	// adminapi_read_log, adminapi_read_resource, adminapi_settings,
	// adminapi_write_resource.
	AdminAPI map[string]bool
	// Clear names parameters to empty: notes, networks_for_api_access,
	// groups_allowed.
	Clear []string
}

func (i IntegrationParams) add(p *parameters) {
	p.line("name", i.Name, maxText)
	p.line("type", i.Type, maxName)
	p.choice("enroll_policy", i.EnrollPolicy, "enroll", "allow", "deny")
	p.text("notes", i.Notes, maxText)
	p.line("networks_for_api_access", i.NetworksForAPIAccess, 8*maxText)
	p.either("self_service_allowed", i.SelfServiceAllowed)
	switch strings.ToLower(i.UsernameNormalizationPolicy) {
	case "":
	case "none":
		p.set("username_normalization_policy", "None")
	case "simple":
		p.set("username_normalization_policy", "Simple")
	default:
		p.fault("username_normalization_policy", "must be one of: none, simple")
	}
	for _, key := range i.GroupsAllowed {
		p.isKey("groups_allowed", key)
	}
	p.line("groups_allowed", strings.Join(i.GroupsAllowed, ","), 64*maxText)
	p.permissions(i.AdminAPI)
	p.empty(i.Clear, "notes", "networks_for_api_access", "groups_allowed")
}

func (p *parameters) permissions(granted map[string]bool) {
	for name, is := range granted {
		switch name {
		case "adminapi_admins", "adminapi_info", "adminapi_integrations", "adminapi_read_log",
			"adminapi_read_resource", "adminapi_settings", "adminapi_write_resource":
			p.set(name, map[bool]string{true: "1", false: "0"}[is])
		default:
			p.fault(name, "is not a permission of the Admin API")
		}
	}
}

// List gives all applications: GET /admin/v1/integrations, paged by 500.
func (s *IntegrationService) List(ctx context.Context) iter.Seq2[*Integration, error] {
	return offsetPages[Integration](ctx, s.api, "/admin/v1/integrations", nil, pageMost)
}

// Get gives one application, or [ErrNotFound]: GET
// /admin/v1/integrations/{integration_key}.
func (s *IntegrationService) Get(ctx context.Context, integrationKey string) (*Integration, error) {
	p := newParameters()
	return read[Integration](ctx, s.api, get(p.path("/admin/v1/integrations/:integration_key", integrationKey), p))
}

// Create makes an application; the answer holds its keys: POST
// /admin/v1/integrations with name and type (required), enroll_policy, notes,
// networks_for_api_access, groups_allowed, self_service_allowed,
// username_normalization_policy and adminapi_*. It is sent once.
func (s *IntegrationService) Create(ctx context.Context, i IntegrationParams) (*Integration, error) {
	p := newParameters()
	if i.Name == "" {
		p.fault("name", "is missing")
	}
	if i.Type == "" {
		p.fault("type", "is missing")
	}
	if i.ResetSecretKey {
		p.fault("reset_secret_key", "is for an application that exists")
	}
	i.add(p)
	return read[Integration](ctx, s.api, post("/admin/v1/integrations", p))
}

// Update changes what i holds: POST /admin/v1/integrations/{integration_key}
// with the parameters of [IntegrationService.Create] but type, and
// reset_secret_key. It is sent once when it makes a new secret key.
func (s *IntegrationService) Update(ctx context.Context, integrationKey string, i IntegrationParams) (*Integration, error) {
	p := newParameters()
	path := p.path("/admin/v1/integrations/:integration_key", integrationKey)
	if i.Type != "" {
		p.fault("type", "cannot be changed")
	}
	i.add(p)
	p.on("reset_secret_key", i.ResetSecretKey)
	if len(p.values)+len(p.faults) == 0 {
		p.fault("name", "and all others are empty: there is nothing to change")
	}
	op := put(path, p)
	op.repeatable = !i.ResetSecretKey
	return read[Integration](ctx, s.api, op)
}

// Delete removes an application; its keys end at once: DELETE
// /admin/v1/integrations/{integration_key}.
func (s *IntegrationService) Delete(ctx context.Context, integrationKey string) error {
	p := newParameters()
	op := remove(p.path("/admin/v1/integrations/:integration_key", integrationKey))
	op.params = p
	return s.api.run(ctx, op)
}

// SecretKey tells an application's secret key: GET
// /admin/v1/integrations/{integration_key}/skey.
func (s *IntegrationService) SecretKey(ctx context.Context, integrationKey string) (secret.Secret, error) {
	p := newParameters()
	op := get(p.path("/admin/v1/integrations/:integration_key/skey", integrationKey), p)
	v, err := read[struct {
		SecretKey secret.Secret `json:"secret_key"`
	}](ctx, s.api, op)
	if err != nil {
		return secret.Secret{}, err
	}
	if v.SecretKey.IsZero() {
		return secret.Secret{}, unexpected(op, "a secret key")
	}
	return v.SecretKey, nil
}
