package duoclient

import (
	"context"
	"strconv"
	"time"
)

// InfoService is the Admin API's figures of the account. It needs the
// permission Grant read information. See [Admin] for the errors of every call.
type InfoService struct{ api *api }

// Summary counts what the account has.
type Summary struct {
	AdminCount                int   `json:"admin_count"`
	IntegrationCount          int   `json:"integration_count"`
	TelephonyCreditsRemaining int   `json:"telephony_credits_remaining"`
	UserCount                 int   `json:"user_count"`
	Extra                     Extra `json:"-"`
}

// TelephonyCredits is what SMS and calls of a time cost.
type TelephonyCredits struct {
	TelephonyCreditsUsed int       `json:"telephony_credits_used"`
	From                 time.Time `json:"mintime"`
	To                   time.Time `json:"maxtime"`
	Extra                Extra     `json:"-"`
}

// AuthenticationAttempts counts authentications of a time by their results
// (SUCCESS, FAILURE, ERROR, FRAUD).
type AuthenticationAttempts struct {
	Attempts map[string]int `json:"authentication_attempts"`
	From     time.Time      `json:"mintime"`
	To       time.Time      `json:"maxtime"`
	Extra    Extra          `json:"-"`
}

// Summary gives the counts: GET /admin/v1/info/summary.
func (s *InfoService) Summary(ctx context.Context) (*Summary, error) {
	return read[Summary](ctx, s.api, get("/admin/v1/info/summary", nil))
}

// TelephonyCreditsUsed gives what was used between from and to; zero times
// leave Duo's own (the last 30 days): GET /admin/v1/info/telephony_credits_used
// with mintime and maxtime in seconds.
func (s *InfoService) TelephonyCreditsUsed(ctx context.Context, from, to time.Time) (*TelephonyCredits, error) {
	p := newParameters()
	p.between(from, to)
	return read[TelephonyCredits](ctx, s.api, get("/admin/v1/info/telephony_credits_used", p))
}

// AuthenticationAttempts counts the authentications between from and to; zero
// times leave Duo's own (the last 30 days): GET
// /admin/v1/info/authentication_attempts with mintime and maxtime in seconds.
func (s *InfoService) AuthenticationAttempts(ctx context.Context, from, to time.Time) (*AuthenticationAttempts, error) {
	p := newParameters()
	p.between(from, to)
	return read[AuthenticationAttempts](ctx, s.api, get("/admin/v1/info/authentication_attempts", p))
}

// between sets optional mintime and maxtime in seconds.
func (p *parameters) between(from, to time.Time) {
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		p.fault("maxtime", "must be after mintime")
		return
	}
	if !from.IsZero() {
		p.set("mintime", strconv.FormatInt(from.Unix(), 10))
	}
	if !to.IsZero() {
		p.set("maxtime", strconv.FormatInt(to.Unix(), 10))
	}
}
