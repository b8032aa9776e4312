package duotest

import (
	"net/http"
	"slices"
)

func (s *Server) adminRoutes() []apiRoute {
	return slices.Concat(
		s.userRoutes(), s.userDeviceRoutes(), s.bypassRoutes(), s.phoneRoutes(), s.groupRoutes(),
		s.tokenRoutes(), s.webAuthnRoutes(), s.settingRoutes(), s.administratorRoutes(),
		s.integrationRoutes(), s.infoRoutes(), s.logRoutes(), s.bulkRoutes(),
	)
}

// reading and writing are routes for users, phones and what belongs to them.
func reading(pattern string, serve func(*apiCall) (any, error)) apiRoute {
	return apiRoute{method: http.MethodGet, pattern: pattern, permission: GrantReadResource, serve: serve}
}

func writing(method, pattern string, serve func(*apiCall) (any, error)) apiRoute {
	return apiRoute{method: method, pattern: pattern, permission: GrantWriteResource, serve: serve}
}
