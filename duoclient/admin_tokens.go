package duoclient

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"mfaserver/internal/secret"
)

// TokenService is the Admin API's hardware tokens; who has which is at
// [UserService]. See [Admin] for the errors of every call.
type TokenService struct{ api *api }

// Token is a hardware token.
type Token struct {
	TokenID string `json:"token_id"`
	// Type is h6, h8 (HOTP), t6, t8 (TOTP), yk (YubiKey), d1 (Duo-D100), or
	// another.
	Type     string       `json:"type"`
	Serial   string       `json:"serial"`
	TOTPStep *int         `json:"totp_step"` // seconds; nil: no TOTP
	Users    []User       `json:"users,omitempty"`
	Admins   []TokenAdmin `json:"admins,omitempty"`
	Extra    Extra        `json:"-"`
}

// TokenAdmin is an administrator who has a token.
type TokenAdmin struct {
	AdminID string `json:"admin_id"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	Extra   Extra  `json:"-"`
}

// TokenFilter narrows a list of tokens; both fields or none.
type TokenFilter struct{ Type, Serial string }

// TokenParams describes a new token.
type TokenParams struct {
	// Type is h6, h8, t6, t8 or yk.
	Type string
	// Serial has 1 to 128 bytes.
	Serial string
	// Secret is the seed in hexadecimal: HOTP and TOTP.
	Secret secret.Secret
	// Counter is where HOTP stands, 0 or more.
	Counter int
	// TOTPStep is 30 or 60 seconds; 0: 30. TOTP only.
	TOTPStep int
	// PrivateID (12 hexadecimal digits) and AESKey (32) are a YubiKey's.
	PrivateID, AESKey secret.Secret
}

const maxSerial = 128

// List gives the tokens that f describes, all when it is zero: GET
// /admin/v1/tokens with type and serial, paged by 500.
func (s *TokenService) List(ctx context.Context, f TokenFilter) iter.Seq2[*Token, error] {
	p := newParameters()
	if (f.Type == "") != (f.Serial == "") {
		p.fault("type", "and serial go together")
	}
	p.line("type", f.Type, 16)
	p.line("serial", f.Serial, maxSerial)
	return offsetPages[Token](ctx, s.api, "/admin/v1/tokens", p, pageMost)
}

// Get gives one token, or [ErrNotFound]: GET /admin/v1/tokens/{token_id}.
func (s *TokenService) Get(ctx context.Context, tokenID string) (*Token, error) {
	p := newParameters()
	return read[Token](ctx, s.api, get(p.path("/admin/v1/tokens/:token_id", tokenID), p))
}

// Create makes a token known: POST /admin/v1/tokens with type and serial
// (required), secret, counter, totp_step, private_id and aes_key. A type and
// serial that exist are [ErrDuplicate]. It is sent once.
func (s *TokenService) Create(ctx context.Context, t TokenParams) (*Token, error) {
	p := newParameters()
	t.add(p)
	return read[Token](ctx, s.api, post("/admin/v1/tokens", p))
}

func (t TokenParams) add(p *parameters) {
	if t.Type == "" {
		p.fault("type", "is missing")
	}
	p.choice("type", t.Type, "h6", "h8", "t6", "t8", "yk")
	p.needed("serial", t.Serial, maxSerial)
	if t.Type == "yk" {
		p.hexadecimal("private_id", t.PrivateID, 12, 12)
		p.hexadecimal("aes_key", t.AESKey, 32, 32)
		return
	}
	p.hexadecimal("secret", t.Secret, 2, 256)
	if t.Counter != 0 {
		p.number("counter", t.Counter, 0, 1<<31-1)
	}
	if t.TOTPStep != 0 {
		if t.TOTPStep != 30 && t.TOTPStep != 60 {
			p.fault("totp_step", "must be 30 or 60")
			return
		}
		p.number("totp_step", t.TOTPStep, 30, 60)
	}
}

// hexadecimal sets a secret of low to high hexadecimal digits, an even number.
func (p *parameters) hexadecimal(name string, s secret.Secret, low, high int) {
	text := s.Reveal()
	if len(text) < low || len(text) > high || len(text)%2 != 0 || strings.Trim(text, "0123456789abcdefABCDEF") != "" {
		p.fault(name, fmt.Sprintf("must have %d to %d hexadecimal digits, an even number", low, high))
		return
	}
	p.secret(name, s, high)
}

// Delete removes a token: DELETE /admin/v1/tokens/{token_id}.
func (s *TokenService) Delete(ctx context.Context, tokenID string) error {
	p := newParameters()
	op := remove(p.path("/admin/v1/tokens/:token_id", tokenID))
	op.params = p
	return s.api.run(ctx, op)
}

// Resync sets the counter of a HOTP token that ran ahead, by three passcodes
// that follow each other: POST /admin/v1/tokens/{token_id}/resync with code1,
// code2 and code3. Codes that do not fit are [ErrBadParameter]. It is sent
// once.
func (s *TokenService) Resync(ctx context.Context, tokenID string, codes [3]secret.Secret) error {
	p := newParameters()
	path := p.path("/admin/v1/tokens/:token_id/resync", tokenID)
	for i, c := range codes {
		name := fmt.Sprintf("code%d", i+1)
		if text := c.Reveal(); len(text) < 6 || len(text) > 8 || strings.Trim(text, "0123456789") != "" {
			p.fault(name, "must have 6 to 8 digits")
			continue
		}
		p.secret(name, c, 8)
	}
	return s.api.run(ctx, post(path, p))
}
