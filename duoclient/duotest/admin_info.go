package duotest

import (
	"math"
	"net/http"
	"time"
)

func (s *Server) infoRoutes() []apiRoute {
	route := func(name string, serve func(*apiCall) (any, error)) apiRoute {
		return apiRoute{method: http.MethodGet, pattern: "/admin/v1/info/" + name, permission: GrantInfo, serve: serve}
	}
	return []apiRoute{
		route("summary", s.summary),
		route("telephony_credits_used", s.creditsUsed),
		route("authentication_attempts", s.attempts),
		route("user_authentication_attempts", s.userAttempts),
	}
}

func (s *Server) summary(c *apiCall) (any, error) {
	a := c.account
	return fields{
		"admin_count": a.admins.len(), "integration_count": a.integrations.len(),
		"telephony_credits_remaining": a.credits, "user_count": a.users.len(),
	}, nil
}

// span is mintime and maxtime in seconds, the last 180 days when nobody says.
func (c *apiCall) span() (from, to time.Time, err error) {
	low, err := c.number("mintime", int(c.now.Unix())-180*24*3600, 0, math.MaxInt)
	if err != nil {
		return from, to, err
	}
	high, err := c.number("maxtime", int(c.now.Unix()), 0, math.MaxInt)
	if err == nil && high < low {
		err = errInvalid("maxtime")
	}
	return time.Unix(int64(low), 0), time.Unix(int64(high), 0), err
}

func within(at, from, to time.Time) bool { return !at.Before(from) && at.Unix() <= to.Unix() }

func (s *Server) creditsUsed(c *apiCall) (any, error) {
	from, to, err := c.span()
	if err != nil {
		return nil, err
	}
	used := 0
	for _, e := range c.account.telephony.entries {
		if within(e.at, from, to) {
			used += e.credits
		}
	}
	return fields{"telephony_credits_used": used, "mintime": from.Unix(), "maxtime": to.Unix()}, nil
}

func (s *Server) attempts(c *apiCall) (any, error) {
	return s.countAttempts(c, "authentication_attempts")
}

func (s *Server) userAttempts(c *apiCall) (any, error) {
	return s.countAttempts(c, "user_authentication_attempts")
}

func (s *Server) countAttempts(c *apiCall, name string) (any, error) {
	from, to, err := c.span()
	if err != nil {
		return nil, err
	}
	counts := map[string]int{"success": 0, "denied": 0, "fraud": 0, "error": 0}
	for _, e := range c.account.logins.entries {
		if within(e.at, from, to) {
			counts[e.result]++
		}
	}
	return fields{
		name: fields{
			"SUCCESS": counts["success"], "FAILURE": counts["denied"], "FRAUD": counts["fraud"], "ERROR": counts["error"],
		},
		"mintime": from.Unix(), "maxtime": to.Unix(),
	}, nil
}
