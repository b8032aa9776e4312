package duotest

import "net/http"

func (s *Server) authRoutes() []apiRoute {
	const get, post = http.MethodGet, http.MethodPost
	return []apiRoute{
		{method: get, pattern: EndpointPing, serve: s.authTime},
		{method: get, pattern: "/auth/v2/check", serve: s.authTime},
		{method: get, pattern: "/auth/v2/logo", serve: s.getLogo},
		{method: post, pattern: "/auth/v2/enroll", serve: s.authEnroll},
		{method: post, pattern: "/auth/v2/enroll_status", serve: s.authEnrollStatus},
		{method: post, pattern: "/auth/v2/preauth", serve: s.authPreauth},
		{method: post, pattern: "/auth/v2/auth", waits: s.authAuth},
		{method: get, pattern: "/auth/v2/auth_status", waits: s.authStatus},
	}
}

func (s *Server) authTime(c *apiCall) (any, error) { return fields{"time": c.now.Unix()}, nil }

func (s *Server) getLogo(c *apiCall) (any, error) {
	if len(c.account.logo) == 0 {
		return nil, errNotFound()
	}
	return picture(c.account.logo), nil
}
