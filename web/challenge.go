package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"mfaserver/internal/audit"
	"mfaserver/internal/mirth"
	"mfaserver/mfa"
)

// challenge answers a right password: 401, and nothing in it opens anything
// (threat T030).
func (s *Server) challenge(w http.ResponseWriter, r *http.Request, a attempt, c *mfa.Challenge, canonical string) {
	prompt, err := url.Parse(c.AuthURL)
	if err != nil || prompt.Host == "" {
		s.unavailable(w, r, a.format, errors.New("web: authorization URL cannot be read"))
		return
	}
	answer := mirth.DuoLoginStatus{
		Status:            mirth.StatusFail,
		Message:           textChallenge,
		ClientPluginClass: s.cfg.ClientPluginClass,
		PrimaryStatus:     mirth.Status(c.Primary),
		APIHostname:       prompt.Host,
		AuthURL:           c.AuthURL,
		RedirectURI:       c.RedirectURI,
	}
	if canonical != a.username {
		answer.UpdatedUsername = canonical
	}
	if c.Binding != "" {
		// No Expires: the Java client drops a cookie that has one.
		http.SetCookie(w, &http.Cookie{
			Name: bindingCookie, Value: c.Binding, Path: "/api", MaxAge: max(1, int(c.ExpiresAt.Sub(s.cfg.Now()).Seconds())),
			Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
	}
	_ = s.write(w, r, http.StatusUnauthorized, a.format, answer)
}

// publicURL returns the configured URL that the header names, or the address
// of the user's own machine where that is allowed: nothing else of the header
// goes anywhere (threats T020, T021).
func (s *Server) publicURL(lines []string) (string, bool) {
	if len(lines) != 1 {
		return "", false
	}
	if s.cfg.AllowLoopbackRedirect && mirth.LoopbackServerURL(lines[0]) {
		return lines[0], true
	}
	u, err := mirth.NormalizeServerURL(lines[0])
	if err != nil {
		return "", false
	}
	i := slices.Index(s.cfg.PublicURLs, u)
	if i < 0 {
		return "", false
	}
	return s.cfg.PublicURLs[i], true
}

// unknownServerURL answers a first call that does not say where its user's
// browser finds us.
func (s *Server) unknownServerURL(ctx context.Context, w http.ResponseWriter, r *http.Request, a attempt) {
	e := audit.Event{Name: audit.LoginServerURL, Outcome: audit.Refused, UnknownUsername: a.username}
	text := textServerURL
	if lines := r.Header.Values(headerServerURL); len(lines) == 1 && mirth.LoopbackServerURL(lines[0]) {
		e.Reason, text = "allow_loopback_redirect", textLoopback
	}
	if err := s.record(ctx, a.client, e); err != nil {
		s.unavailable(w, r, a.format, err)
		return
	}
	s.fail(w, r, http.StatusUnauthorized, a.format, mirth.StatusFail, text)
}
