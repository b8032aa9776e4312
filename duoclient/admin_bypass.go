package duoclient

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/secret"
)

// BypassCodeService is the Admin API's bypass codes of all users; those of one
// user, and making them, are at [UserService]. See [Admin] for the errors of
// every call.
type BypassCodeService struct{ api *api }

// BypassCode is what Duo tells of a bypass code. The code itself is told once,
// by [UserService.CreateBypassCodes].
type BypassCode struct {
	BypassCodeID string    `json:"bypass_code_id"`
	AdminEmail   string    `json:"admin_email"` // who made it; empty: the API
	Created      time.Time `json:"created"`
	Expiration   time.Time `json:"expiration"`  // zero: never
	ReuseCount   *int      `json:"reuse_count"` // how often it can be used; nil: without limit
	User         *User     `json:"user,omitempty"`
	Extra        Extra     `json:"-"`
}

// List gives the bypass codes of all users: GET /admin/v1/bypass_codes, paged
// by 500.
func (s *BypassCodeService) List(ctx context.Context) iter.Seq2[*BypassCode, error] {
	return offsetPages[BypassCode](ctx, s.api, "/admin/v1/bypass_codes", nil, pageMost)
}

// Get gives one, or [ErrNotFound]: GET /admin/v1/bypass_codes/{bypass_code_id}.
func (s *BypassCodeService) Get(ctx context.Context, bypassCodeID string) (*BypassCode, error) {
	p := newParameters()
	return read[BypassCode](ctx, s.api, get(p.path("/admin/v1/bypass_codes/:bypass_code_id", bypassCodeID), p))
}

// Delete ends one: DELETE /admin/v1/bypass_codes/{bypass_code_id}. One that is
// gone already is no error.
func (s *BypassCodeService) Delete(ctx context.Context, bypassCodeID string) error {
	op := remove("")
	op.params = newParameters()
	op.path = op.params.path("/admin/v1/bypass_codes/:bypass_code_id", bypassCodeID)
	return s.api.run(ctx, op)
}

// BypassParams says which bypass codes to make. The zero value makes ten codes
// that never expire, and ends all others of the user's: that is what Duo does.
type BypassParams struct {
	// Count is how many codes Duo makes up, 1 to 10; 0: ten. Not with Codes.
	Count int
	// Codes are codes of our own, at most 10, each 1 to 9 digits.
	Codes []secret.Secret
	// ReuseCount is how often each can be used, 0 to 2147483647; nil: once; 0:
	// without limit.
	ReuseCount *int
	// Valid is how long they are good, in whole seconds; zero and [Never]: they
	// do not expire.
	Valid time.Duration
	// PreserveExisting keeps the user's other codes, 100 in all at most.
	PreserveExisting bool
}

const (
	maxBypassCodes  = 10
	bypassCodeDigit = "0123456789"
	maxBypassDigits = 9
)

// CreateBypassCodes makes bypass codes for a user and gives them, the only time
// they are told: POST /admin/v1/users/{user_id}/bypass_codes with count or
// codes, reuse_count, valid_secs and preserve_existing. More than 100 for a
// user are [ErrBadParameter]. It is sent once: after a lost connection nobody
// knows the codes that may have been made.
func (s *UserService) CreateBypassCodes(ctx context.Context, userID string, b BypassParams) ([]secret.Secret, error) {
	p := newParameters()
	path := p.path("/admin/v1/users/:user_id/bypass_codes", userID)
	b.add(p)
	op := post(path, p)
	e, err := s.api.do(ctx, op)
	if err != nil {
		return nil, err
	}
	all, _ := elements(e.response) // none, when it is no list
	if len(all) == 0 {
		return nil, unexpected(op, "a list of codes")
	}
	codes := make([]secret.Secret, len(all))
	for i, raw := range all {
		if codes[i] = secret.New(literal(raw)); codes[i].IsZero() {
			return nil, unexpected(op, "a list of codes")
		}
	}
	return codes, nil
}

func (b BypassParams) add(p *parameters) {
	switch {
	case len(b.Codes) > 0 && b.Count != 0:
		p.fault("count", "and codes exclude each other")
	case len(b.Codes) > 0:
		b.addCodes(p)
	case b.Count != 0:
		p.number("count", b.Count, 1, maxBypassCodes)
	}
	if b.ReuseCount != nil {
		p.number("reuse_count", *b.ReuseCount, 0, 1<<31-1)
	}
	p.valid(b.Valid)
	p.set("preserve_existing", strconv.FormatBool(b.PreserveExisting))
}

func (b BypassParams) addCodes(p *parameters) {
	if len(b.Codes) > maxBypassCodes {
		p.fault("codes", fmt.Sprintf("must be at most %d, there are %d", maxBypassCodes, len(b.Codes)))
		return
	}
	codes := make([]string, len(b.Codes))
	seen := make(map[string]struct{}, len(codes))
	for i, c := range b.Codes {
		codes[i] = c.Reveal()
		if codes[i] == "" || len(codes[i]) > maxBypassDigits || strings.Trim(codes[i], bypassCodeDigit) != "" {
			p.fault(fmt.Sprintf("codes[%d]", i), fmt.Sprintf("must have 1 to %d digits", maxBypassDigits))
			return
		}
		if _, again := seen[codes[i]]; again {
			p.fault(fmt.Sprintf("codes[%d]", i), "comes twice")
			return
		}
		seen[codes[i]] = struct{}{}
	}
	p.hide = append(p.hide, codes...)
	p.set("codes", strings.Join(codes, ","))
}
