package duotest

import "slices"

func (s *Server) adminRoutes() []apiRoute {
	return slices.Concat(s.userRoutes(), s.settingRoutes(), s.administratorRoutes())
}
