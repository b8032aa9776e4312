package duotest

// verifies reads a token of the client. The integration that it gives has the
// secret that signed, which signs the answer too.
func (i Integration) verifies(token string) (claims, Integration, error) {
	c, err := verifyJWT(token, i.Secret)
	if err == nil || i.PreviousSecret == "" {
		return c, i, err
	}
	i.Secret = i.PreviousSecret
	c, err = verifyJWT(token, i.Secret)
	return c, i, err
}

// ExchangeClientSecret makes a new client secret for the application of
// [Credentials], whose ClientSecret stays what it was at the start, and gives
// it. With keep the secret of before is taken beside it until
// [Server.EndPreviousSecret] or the next exchange; without, it ends at once, as
// at Duo.
func (s *Server) ExchangeClientSecret(keep bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.account.integrations.get(s.credentials.ClientID)
	fresh, before := randomText(alphanumeric, 40), ""
	if keep {
		before = i.Secret
	}
	changed := *i
	changed.Secret, changed.PreviousSecret = fresh, before
	*i = changed
	return fresh
}

// EndPreviousSecret ends what [Server.ExchangeClientSecret] kept.
func (s *Server) EndPreviousSecret() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.integrations.get(s.credentials.ClientID).PreviousSecret = ""
}
