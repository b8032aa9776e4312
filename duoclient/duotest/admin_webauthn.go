package duotest

import "net/http"

func (s *Server) webAuthnRoutes() []apiRoute {
	const all, one = "/admin/v1/webauthncredentials", "/admin/v1/webauthncredentials/{webauthnkey}"
	none := func(c *apiCall) (any, error) { return s.noneOf(c, nil) }
	return []apiRoute{
		reading("/admin/v1/u2ftokens", none),
		reading("/admin/v1/desktoptokens", none),
		reading("/admin/v1/desktop_authenticators", none),
		reading(all, s.listCredentials),
		reading(one, s.getCredential),
		writing(http.MethodDelete, one, s.deleteCredential),
	}
}

func (a *account) credentialObject(c *WebAuthnCredential) fields {
	return fields{
		"credential_name": c.Name, "label": c.Label, "webauthnkey": c.Key, "date_added": c.Added.Unix(),
		"date_last_used": seconds(c.LastUsed), "backup_eligible": false, "backup_status": false,
		"passwordless_authorized": false, "uv_capable": true, "aaguid": "00000000-0000-0000-0000-000000000000",
		"credential_id": c.Key, "registered_as": "cross-platform", "transports": []string{"usb"},
		"user": a.userCore(a.users.get(c.userID)), "admin": nil,
	}
}

func (s *Server) listCredentials(c *apiCall) (any, error) {
	return pageOfItems(c, c.account.webauthn.all(), maxPage, func(w *WebAuthnCredential) any { return c.account.credentialObject(w) })
}

func (s *Server) getCredential(c *apiCall) (any, error) {
	if w := c.account.webauthn.get(c.ids["webauthnkey"]); w != nil {
		return c.account.credentialObject(w), nil
	}
	return nil, errNotFound()
}

func (s *Server) deleteCredential(c *apiCall) (any, error) {
	if w := c.account.webauthn.get(c.ids["webauthnkey"]); w != nil {
		c.account.webauthn.remove(w.Key)
		c.log("webauthncredential_delete", w.Name, nil)
	}
	return "", nil
}
