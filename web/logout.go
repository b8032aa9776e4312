package web

import (
	"errors"
	"log/slog"
	"net/http"

	"mfaserver/session"
)

// logout serves POST users/_logout and users/_inactivityLogout, which do the
// same: the session is gone for good before the answer (threat T113), whether
// or not the audit trail could take it (threat T195).
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	_, err := s.deps.Sessions.End(r.Context(), w, r)
	switch {
	case errors.Is(err, session.ErrNotRecorded):
		s.log.ErrorContext(r.Context(), "logout not recorded",
			slog.String("request_id", RequestID(r.Context())), slog.Any("err", err))
	case err != nil:
		s.noSession(w, r, err)
		return
	}
	empty(w, http.StatusNoContent)
}
