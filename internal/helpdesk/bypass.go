package helpdesk

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

// Bounds of the life of bypass codes (threat T158). Left alone, Duo's never
// expire.
const (
	ShortestBypass = 5 * time.Minute
	LongestBypass  = 24 * time.Hour
)

// Life is how long a bypass code is valid: [ShortestBypass] to
// [LongestBypass]. The zero value stands for the organisation's default, so
// that no value means for ever.
type Life struct{ d time.Duration }

// NewLife takes whole seconds within the bounds; else a [*PolicyError].
func NewLife(d time.Duration) (Life, error) {
	if d < ShortestBypass || d > LongestBypass || d%time.Second != 0 {
		return Life{}, &PolicyError{Field: "valid_secs", Rule: fmt.Sprintf("must be whole seconds, %d to %d",
			ShortestBypass/time.Second, LongestBypass/time.Second)}
	}
	return Life{d: d}, nil
}

// Count is how many bypass codes are made, 1 to 5. The zero value stands for
// one.
type Count struct{ n int }

// NewCount takes 1 to 5; else a [*PolicyError].
func NewCount(n int) (Count, error) {
	if n < 1 || n > mostCodes {
		return Count{}, &PolicyError{Field: "count", Rule: fmt.Sprintf("must be 1 to %d", mostCodes)}
	}
	return Count{n: n}, nil
}

// CheckReuse refuses every number of uses but 1 with a [*PolicyError]: a code
// works once. For callers whose users can ask for another.
func CheckReuse(n int) error {
	if n != 1 {
		return &PolicyError{Field: "reuse_count", Rule: "must be 1: a bypass code works once"}
	}
	return nil
}

// BypassRequest asks for bypass codes. Each works once and expires.
type BypassRequest struct {
	Order
	Subject
	// Count is how many; not with Codes.
	Count Count
	// Codes are codes of the actor's own choice: 6 to 9 digits each.
	Codes []secret.Secret
	Life  Life
	// KeepExisting leaves the user's other codes alone. Otherwise they end.
	KeepExisting bool
}

// BypassCodes are new bypass codes, told this once.
type BypassCodes struct {
	Org, UserID, Username string
	Codes                 []secret.Secret
	// Expires is when they end, by our clock.
	Expires time.Time
}

// CreateBypass makes bypass codes for a user: at most 5, for 5 minutes to 24
// hours, each for one use, with a reason, for somebody else than the actor,
// and within the actor's share of a day. Refusals match [ErrPolicy], and
// [ErrSelf] or [ErrQuota]; they are recorded, as is every code before it is
// made. The trail holds number, expiry, subject, actor and reason, never a
// code.
func (o *Org) CreateBypass(ctx context.Context, r BypassRequest) (*BypassCodes, error) {
	count, err := o.desk.checkBypass(r)
	life := r.Life.d
	if life == 0 {
		life = o.config.BypassLife
	}
	deed := Deed{Action: ActionBypassCreate, Org: o.config.Name, Subject: r.Username, Detail: map[string]string{
		"count": strconv.Itoa(count), "valid": life.String(), "keep_existing": strconv.FormatBool(r.KeepExisting),
	}}
	if err != nil {
		return nil, o.desk.refuse(ctx, r.Order, deed, err)
	}
	user, err := o.Find(ctx, r.Subject)
	if err != nil {
		return nil, err
	}
	deed.Subject, deed.Detail["user_id"] = user.Username, user.UserID
	if r.Actor.isSelf(names(user)...) {
		return nil, o.desk.refuse(ctx, r.Order, deed, errSelf("username"))
	}
	admin, err := o.Admin(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.desk.takeQuota(ctx, r.Actor.Name, count); err != nil {
		return nil, o.desk.refuse(ctx, r.Order, deed, err)
	}
	once := 1
	params := duoclient.BypassParams{ReuseCount: &once, Valid: life, PreserveExisting: r.KeepExisting, Codes: r.Codes}
	if len(r.Codes) == 0 {
		params.Count = count
	}
	out := &BypassCodes{Org: o.config.Name, UserID: user.UserID, Username: user.Username, Expires: o.desk.now().Add(life)}
	err = o.Do(ctx, r.Order, deed, func(ctx context.Context) error {
		out.Codes, err = admin.Users.CreateBypassCodes(ctx, user.UserID, params)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// checkBypass gives the number of codes of a request.
func (d *Desk) checkBypass(r BypassRequest) (int, error) {
	count := max(r.Count.n, 1)
	if len(r.Codes) > 0 {
		if r.Count.n != 0 {
			return count, &PolicyError{Field: "count", Rule: "and codes exclude each other"}
		}
		count = len(r.Codes)
	}
	if err := r.check(ActionBypassCreate); err != nil {
		return count, err
	}
	if count > d.codes {
		return count, &PolicyError{Field: "count", Rule: fmt.Sprintf("must be 1 to %d", d.codes)}
	}
	for i, code := range r.Codes {
		if !strongCode(code.Reveal()) {
			return count, &PolicyError{
				Field: fmt.Sprintf("codes[%d]", i),
				Rule:  "must have 6 to 9 digits that are neither all the same nor a row such as 123456",
			}
		}
		if slices.ContainsFunc(r.Codes[:i], code.Equal) {
			return count, &PolicyError{Field: fmt.Sprintf("codes[%d]", i), Rule: "comes twice"}
		}
	}
	return count, nil
}

// strongCode refuses the codes that people try first.
func strongCode(code string) bool {
	const row = "01234567890 09876543210"
	if len(code) < 6 || len(code) > 9 || strings.Trim(code, "0123456789") != "" {
		return false
	}
	return strings.Trim(code, code[:1]) != "" && !strings.Contains(row, code)
}
