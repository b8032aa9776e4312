package duoclient

import (
	"context"
	"iter"
	"strings"
	"time"
)

// AdministratorService is the Admin API's administrators of the Duo account.
// It needs the permission Grant administrators. See [Admin] for the errors of
// every call.
type AdministratorService struct{ api *api }

// Administrator is an administrator of the Duo account.
type Administrator struct {
	AdminID                string    `json:"admin_id"`
	Name                   string    `json:"name"`
	Email                  string    `json:"email"`
	Phone                  string    `json:"phone"`
	Role                   string    `json:"role"`   // Owner, Administrator, Help Desk, Read-only...
	Status                 string    `json:"status"` // Active, Disabled, Expired, Pending Activation
	Created                time.Time `json:"created"`
	LastLogin              time.Time `json:"last_login"` // zero: never
	PasswordChangeRequired bool      `json:"password_change_required"`
	RestrictedByAdminUnits bool      `json:"restricted_by_admin_units"`
	AdminUnits             []string  `json:"admin_units,omitempty"`
	HardToken              *Token    `json:"hardtoken,omitempty"`
	Extra                  Extra     `json:"-"`
}

// AdministratorParams are what can be said of an administrator. What is empty
// is left as it is.
type AdministratorParams struct {
	// Name (at most 1024 bytes) and Email are needed for a new one; Email
	// cannot be changed.
	Name, Email string
	Phone       string
	// Role is Owner (Duo's default), Administrator, Application Manager, User
	// Manager, Security Analyst, Help Desk, Billing, Phishing Manager or
	// Read-only, in any case.
	Role                   string
	RestrictedByAdminUnits *bool
	// TokenID is a hardware token's key.
	TokenID string
	// SendEmail (for a new one) sends the activation link; ValidDays is how
	// long it is good, 1 to 31, 0: Duo's default.
	SendEmail bool
	ValidDays int
	// Status is Active or Disabled, in any case; PasswordChangeRequired asks
	// for a new password at the next login. For one that exists.
	Status                 string
	PasswordChangeRequired *bool
}

func (a AdministratorParams) add(p *parameters) {
	p.line("name", a.Name, maxText)
	p.phone("phone", a.Phone)
	p.exact("role", a.Role, "Owner", "Administrator", "Application Manager", "User Manager", "Security Analyst",
		"Help Desk", "Billing", "Phishing Manager", "Read-only")
	p.either("restricted_by_admin_units", a.RestrictedByAdminUnits)
	if a.TokenID != "" {
		p.key("token_id", a.TokenID)
	}
}

// exact sets an optional word as the service writes it.
func (p *parameters) exact(name, value string, allowed ...string) {
	if value == "" {
		return
	}
	for _, word := range allowed {
		if strings.EqualFold(word, value) {
			p.set(name, word)
			return
		}
	}
	p.fault(name, "must be one of: "+strings.Join(allowed, ", "))
}

// List gives all administrators: GET /admin/v1/admins, paged by 500.
func (s *AdministratorService) List(ctx context.Context) iter.Seq2[*Administrator, error] {
	return offsetPages[Administrator](ctx, s.api, "/admin/v1/admins", nil, pageMost)
}

// Get gives one, or [ErrNotFound]: GET /admin/v1/admins/{admin_id}.
func (s *AdministratorService) Get(ctx context.Context, adminID string) (*Administrator, error) {
	p := newParameters()
	return read[Administrator](ctx, s.api, get(p.path("/admin/v1/admins/:admin_id", adminID), p))
}

// Create makes an administrator who has yet to activate himself: POST
// /admin/v1/admins with name and email (required), phone, role,
// restricted_by_admin_units, token_id, send_email and valid_days. An address
// that is taken is [ErrDuplicate]. It is sent once.
func (s *AdministratorService) Create(ctx context.Context, a AdministratorParams) (*Administrator, error) {
	const mostDays = 31
	p := newParameters()
	for name, value := range map[string]string{"name": a.Name, "email": a.Email} {
		if value == "" {
			p.fault(name, "is missing")
		}
	}
	if a.Status != "" || a.PasswordChangeRequired != nil {
		p.fault("status", "and password_change_required are for one that exists")
	}
	p.email("email", a.Email)
	a.add(p)
	p.on("send_email", a.SendEmail)
	if a.ValidDays != 0 {
		p.number("valid_days", a.ValidDays, 1, mostDays)
	}
	return read[Administrator](ctx, s.api, post("/admin/v1/admins", p))
}

// Update changes what a holds: POST /admin/v1/admins/{admin_id} with name,
// phone, role, restricted_by_admin_units, token_id, status and
// password_change_required.
func (s *AdministratorService) Update(ctx context.Context, adminID string, a AdministratorParams) (*Administrator, error) {
	p := newParameters()
	path := p.path("/admin/v1/admins/:admin_id", adminID)
	if a.Email != "" || a.SendEmail || a.ValidDays != 0 {
		p.fault("email", "send_email and valid_days are for a new one")
	}
	a.add(p)
	p.exact("status", a.Status, "Active", "Disabled")
	p.either("password_change_required", a.PasswordChangeRequired)
	if len(p.values)+len(p.faults) == 0 {
		p.fault("name", "and all others are empty: there is nothing to change")
	}
	return read[Administrator](ctx, s.api, put(path, p))
}

// Delete removes an administrator: DELETE /admin/v1/admins/{admin_id}.
func (s *AdministratorService) Delete(ctx context.Context, adminID string) error {
	p := newParameters()
	op := remove(p.path("/admin/v1/admins/:admin_id", adminID))
	op.params = p
	return s.api.run(ctx, op)
}

// Reset clears an administrator's failed logins: POST
// /admin/v1/admins/{admin_id}/reset.
func (s *AdministratorService) Reset(ctx context.Context, adminID string) error {
	p := newParameters()
	return s.api.run(ctx, put(p.path("/admin/v1/admins/:admin_id/reset", adminID), p))
}

// ClearInactivity lets in an administrator who expired by not logging in: POST
// /admin/v1/admins/{admin_id}/clear_inactivity.
func (s *AdministratorService) ClearInactivity(ctx context.Context, adminID string) error {
	p := newParameters()
	return s.api.run(ctx, put(p.path("/admin/v1/admins/:admin_id/clear_inactivity", adminID), p))
}
