package duotest

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) accountRoutes() []apiRoute {
	const post = http.MethodPost
	return []apiRoute{
		{method: post, pattern: "/accounts/v1/account/list", serve: s.listAccounts},
		{method: post, pattern: "/accounts/v1/account/create", waits: s.createAccount},
		{method: post, pattern: "/accounts/v1/account/delete", waits: s.deleteAccount},
		{method: http.MethodGet, pattern: "/accounts/v1/billing/edition", serve: s.getEdition},
		{method: post, pattern: "/accounts/v1/billing/edition", serve: s.setEdition},
		{method: http.MethodGet, pattern: "/accounts/v1/billing/telephony_credits", serve: s.getCredits},
		{method: post, pattern: "/accounts/v1/billing/telephony_credits", serve: s.setCredits},
		{method: http.MethodGet, pattern: "/admin/v1/billing/edition", serve: s.getEdition},
		{method: post, pattern: "/admin/v1/billing/edition", serve: s.setEdition},
		{method: http.MethodGet, pattern: "/admin/v1/billing/telephony_credits", serve: s.getCredits},
		{method: post, pattern: "/admin/v1/billing/telephony_credits", serve: s.setCredits},
	}
}

func accountObject(a *account) any {
	return fields{"account_id": a.id, "api_hostname": a.apiHost, "name": a.name}
}

func (s *Server) listAccounts(*apiCall) (any, error) {
	return whole(s.children.all(), accountObject), nil
}

func (s *Server) createAccount(c *apiCall) (any, error) {
	name, err := c.required("name")
	if err != nil {
		return nil, err
	}
	made, err := s.AddAccount(Child{Name: name, Users: []User{}})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return accountObject(made.account), nil
}

// deleteAccount ends a child with its API host.
func (s *Server) deleteAccount(c *apiCall) (any, error) {
	id, err := c.required("account_id")
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	child := s.children.get(id)
	s.children.remove(id)
	s.mu.Unlock()
	if child == nil {
		return nil, errInvalid("account_id")
	}
	s.unlisten(child)
	return "", nil
}

// billed is the child that a billing call is about.
func (s *Server) billed(c *apiCall) (*account, error) {
	id, err := c.required("account_id")
	if err != nil {
		return nil, err
	}
	if child := s.children.get(id); child != nil {
		return child, nil
	}
	return nil, errInvalid("account_id")
}

func (s *Server) getEdition(c *apiCall) (any, error) {
	a, err := s.billed(c)
	if err != nil {
		return nil, err
	}
	return fields{"edition": a.edition}, nil
}

func (s *Server) setEdition(c *apiCall) (any, error) {
	a, err := s.billed(c)
	if err != nil {
		return nil, err
	}
	edition, err := c.required("edition")
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"ENTERPRISE", "PLATFORM", "BEYOND"}, strings.ToUpper(edition)) {
		return nil, errInvalid("edition")
	}
	a.edition = strings.ToUpper(edition)
	return "", nil
}

func (s *Server) getCredits(c *apiCall) (any, error) {
	a, err := s.billed(c)
	if err != nil {
		return nil, err
	}
	return fields{"credits": a.credits}, nil
}

// setCredits moves the difference from or to the parent.
func (s *Server) setCredits(c *apiCall) (any, error) {
	a, err := s.billed(c)
	if err != nil {
		return nil, err
	}
	if _, err := c.required("credits"); err != nil {
		return nil, err
	}
	wanted, err := c.number("credits", 0, 0, a.credits+s.account.credits)
	if err != nil {
		return nil, err
	}
	s.account.credits -= wanted - a.credits
	a.credits = wanted
	return "", nil
}
