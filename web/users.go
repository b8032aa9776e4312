package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gorilla/mux"

	"mfaserver/internal/mirth"
	"mfaserver/internal/primary"
	"mfaserver/session"
)

// versionOf is the version in the request's path, or the server's own.
func (s *Server) versionOf(r *http.Request) string {
	if v := mux.Vars(r)["version"]; v != "" {
		return v
	}
	return s.cfg.ServerVersion
}

// currentUser serves GET users/current.
func (s *Server) currentUser(w http.ResponseWriter, r *http.Request, sess session.Session) {
	u, err := s.deps.Directory.Get(r.Context(), sess.Username)
	if errors.Is(err, primary.ErrUserUnknown) {
		// The account went away while its session lived.
		s.plainError(w, r, http.StatusUnauthorized)
		return
	}
	s.answerUser(w, r, u, err)
}

// oneUser serves GET users/{idOrName}; a number is always an id, as in the
// engine.
func (s *Server) oneUser(w http.ResponseWriter, r *http.Request, _ session.Session) {
	u, err := s.find(r.Context(), mux.Vars(r)["idOrName"])
	if errors.Is(err, primary.ErrUserUnknown) {
		empty(w, http.StatusNotFound)
		return
	}
	s.answerUser(w, r, u, err)
}

func (s *Server) find(ctx context.Context, encoded string) (primary.User, error) {
	name, err := url.PathUnescape(encoded)
	if err != nil {
		return primary.User{}, primary.ErrUserUnknown
	}
	if id, ok := userID(name); ok {
		return s.deps.Directory.GetID(ctx, id)
	}
	return s.deps.Directory.Get(ctx, name)
}

// userID reads a user's number.
func userID(s string) (int, bool) {
	id, err := strconv.Atoi(s)
	return id, err == nil && strconv.Itoa(id) == s && id >= 0
}

// listUsers serves GET users.
func (s *Server) listUsers(w http.ResponseWriter, r *http.Request, _ session.Session) {
	users, err := s.deps.Directory.List(r.Context())
	list := make(mirth.UserList, 0, len(users))
	for _, u := range users {
		list = append(list, mirthUser(u))
	}
	s.answer(w, r, list, err)
}

// userLoggedIn serves GET users/{id}/loggedIn.
func (s *Server) userLoggedIn(w http.ResponseWriter, r *http.Request, _ session.Session) {
	id, ok := userID(mux.Vars(r)["id"])
	if !ok {
		empty(w, http.StatusNotFound)
		return
	}
	u, err := s.deps.Directory.GetID(r.Context(), id)
	if errors.Is(err, primary.ErrUserUnknown) {
		empty(w, http.StatusNotFound)
		return
	}
	if err != nil {
		s.answer(w, r, nil, err)
		return
	}
	sessions, err := s.deps.SessionKeeper.List(r.Context(), u.Username)
	s.answer(w, r, mirth.Boolean(len(sessions) > 0), err)
}

func (s *Server) answerUser(w http.ResponseWriter, r *http.Request, u primary.User, err error) {
	s.answer(w, r, mirthUser(u), err)
}

// answer sends a document, or says that the directory or a store failed.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, v mirth.Encoder, err error) {
	format, ok := mirth.Negotiate(r.Header.Values("Accept"))
	switch {
	case !ok:
		empty(w, http.StatusNotAcceptable)
	case err != nil:
		s.unavailableHeaders(w, r, err)
		empty(w, http.StatusServiceUnavailable)
	default:
		_ = s.write(w, r, http.StatusOK, format, v)
	}
}

// mirthUser is an account in the engine's shape. Strikes are counted by
// source here and never shown (threat T006).
func mirthUser(u primary.User) mirth.User {
	return mirth.User{
		ID:        u.ID,
		Username:  u.Username,
		Email:     u.Email,
		FirstName: u.FirstName,
		LastName:  u.LastName,
		LastLogin: u.LastLogin,
	}
}
