package duoclient_test

import (
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

func phoneActions() []action {
	under := func(what string) string { return "/admin/v1/phones/" + phoneID + what }
	return []action{
		{
			name: "phones list", method: "GET", path: "/admin/v1/phones", params: first("500"), response: `[` + onePhone + `]`, want: phoneID, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return gather(c.admin.Phones.List(ctx, duoclient.PhoneFilter{}))
			},
		}, {
			name: "phones list by number", method: "GET", path: "/admin/v1/phones", response: `[]`, want: `null`,
			params: values{"number": {"+17345550100"}, "extension": {"12"}, "limit": {"500"}, "offset": {"0"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return gather(c.admin.Phones.List(ctx, duoclient.PhoneFilter{Number: "+1 (734) 555-0100", Extension: "12"}))
			},
		}, {
			name: "phones get", method: "GET", path: under(""), response: onePhone, want: `"activated":true`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.Phones.Get(ctx, phoneID) },
		}, {
			name: "phones create", method: "POST", path: "/admin/v1/phones", once: true, response: onePhone, want: phoneID,
			params: values{
				"number": {"+17345550100"}, "extension": {"12,3#"}, "name": {"My phone"}, "type": {"mobile"}, "platform": {"apple ios"},
				"predelay": {"5"}, "postdelay": {"10"},
			},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Phones.Create(ctx, duoclient.PhoneParams{
					Number: "+1 734-555-0100", Extension: "12,3#", Name: "My phone", Type: "Mobile", Platform: "Apple iOS", Predelay: "5", Postdelay: "10",
				})
			},
		}, {
			name: "phones update", method: "POST", path: under(""), response: onePhone, want: phoneID,
			params: values{"name": {""}, "platform": {"google android"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Phones.Update(ctx, phoneID, duoclient.PhoneParams{Platform: "google android", Clear: []string{"name"}})
			},
		}, {
			name: "phones delete", method: "DELETE", path: under(""), response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Phones.Delete(ctx, phoneID)) },
		}, {
			name: "phones activation URL", method: "POST", path: under("/activation_url"), once: true,
			params:   values{"valid_secs": {"3600"}, "install": {"1"}},
			response: `{"activation_barcode":"https://h/frame/qr?value=x","activation_url":"https://m-h/activate/4FCELXdby5","installation_url":"https://m-h","valid_secs":3600}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Phones.ActivationURL(ctx, phoneID, duoclient.ActivationParams{Valid: time.Hour, Install: true})
			},
			want: `"activation_url":"https://m-h/activate/4FCELXdby5"`,
		}, {
			name: "phones SMS activation", method: "POST", path: under("/send_sms_activation"), once: true,
			params:   values{"install": {"1"}, "activation_msg": {"go to <acturl>"}, "installation_msg": {"get <insturl>"}},
			response: `{"activation_barcode":"https://h/frame/qr?value=x","activation_msg":"go to https://m-h/activate/4FCELXdby5","installation_msg":"get https://m-h","valid_secs":"86400"}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Phones.SMSActivation(ctx, phoneID, duoclient.ActivationParams{
					Install: true, ActivationMessage: "go to <acturl>", InstallationMessage: "get <insturl>",
				})
			},
			want: `"valid_secs":86400`,
		}, {
			name: "phones SMS installation", method: "POST", path: under("/send_sms_installation"), once: true,
			params: values{"installation_msg": {"get <insturl>"}}, response: `{"installation_msg":"get https://m-h"}`, want: `"get https://m-h"`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Phones.SMSInstallation(ctx, phoneID, "get <insturl>")
			},
		}, {
			name: "phones SMS passcodes", method: "POST", path: under("/send_sms_passcodes"), once: true, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Phones.SMSPasscodes(ctx, phoneID)) },
		},
	}
}

func groupActions() []action {
	return []action{
		{
			name: "groups list", method: "GET", path: "/admin/v1/groups", params: first("100"), response: `[` + oneGroup + `]`, want: groupID, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Groups.List(ctx)) },
		}, {
			name: "groups get", method: "GET", path: "/admin/v2/groups/" + groupID, response: oneGroup, want: `"status":"Active"`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.Groups.Get(ctx, groupID) },
		}, {
			name: "groups users", method: "GET", path: "/admin/v2/groups/" + groupID + "/users", params: first("500"), paged: true,
			response: `[{"user_id":"` + userID + `","username":"bob"}]`, want: `"username":"bob"`,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Groups.Users(ctx, groupID)) },
		}, {
			name: "groups create", method: "POST", path: "/admin/v1/groups", once: true, response: oneGroup, want: groupID,
			params: values{"name": {"ops"}, "desc": {"on call"}, "status": {"active"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Groups.Create(ctx, duoclient.GroupParams{Name: "ops", Desc: "on call", Status: "Active"})
			},
		}, {
			name: "groups update", method: "POST", path: "/admin/v1/groups/" + groupID, response: oneGroup, want: groupID,
			params: values{"desc": {""}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Groups.Update(ctx, groupID, duoclient.GroupParams{Clear: []string{"desc"}})
			},
		}, {
			name: "groups delete", method: "DELETE", path: "/admin/v1/groups/" + groupID, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Groups.Delete(ctx, groupID)) },
		},
	}
}

func tokenActions() []action {
	return []action{
		{
			name: "tokens list", method: "GET", path: "/admin/v1/tokens", params: first("500"), response: `[` + oneToken + `]`, want: tokenID, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return gather(c.admin.Tokens.List(ctx, duoclient.TokenFilter{}))
			},
		}, {
			name: "tokens list by serial", method: "GET", path: "/admin/v1/tokens", response: `[]`, want: `null`,
			params: values{"type": {"h6"}, "serial": {"0123"}, "limit": {"500"}, "offset": {"0"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return gather(c.admin.Tokens.List(ctx, duoclient.TokenFilter{Type: "h6", Serial: "0123"}))
			},
		}, {
			name: "tokens get", method: "GET", path: "/admin/v1/tokens/" + tokenID, response: oneToken, want: `"totp_step":null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.Tokens.Get(ctx, tokenID) },
		}, {
			name: "tokens create TOTP", method: "POST", path: "/admin/v1/tokens", once: true, response: oneToken, want: tokenID,
			params: values{"type": {"t6"}, "serial": {"0123"}, "secret": {"00112233445566778899aabbccddeeff"}, "totp_step": {"60"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Tokens.Create(ctx, duoclient.TokenParams{Type: "t6", Serial: "0123", Secret: secret.New("00112233445566778899aabbccddeeff"), TOTPStep: 60})
			},
		}, {
			name: "tokens create YubiKey", method: "POST", path: "/admin/v1/tokens", once: true, response: oneToken, want: tokenID,
			params: values{"type": {"yk"}, "serial": {"0123"}, "private_id": {"aabbccddeeff"}, "aes_key": {"00112233445566778899aabbccddeeff"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Tokens.Create(ctx, duoclient.TokenParams{
					Type: "yk", Serial: "0123", PrivateID: secret.New("aabbccddeeff"), AESKey: secret.New("00112233445566778899aabbccddeeff"),
				})
			},
		}, {
			name: "tokens delete", method: "DELETE", path: "/admin/v1/tokens/" + tokenID, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Tokens.Delete(ctx, tokenID)) },
		}, {
			name: "tokens resync", method: "POST", path: "/admin/v1/tokens/" + tokenID + "/resync", once: true, response: `""`, want: `null`,
			params: values{"code1": {"111111"}, "code2": {"222222"}, "code3": {"333333"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return done(c.admin.Tokens.Resync(ctx, tokenID, [3]secret.Secret{secret.New("111111"), secret.New("222222"), secret.New("333333")}))
			},
		},
	}
}

func webAuthnActions() []action {
	return []action{
		{
			name: "webauthn list", method: "GET", path: "/admin/v1/webauthncredentials", params: first("500"), response: `[` + oneKey + `]`, want: webauthnKey, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.WebAuthn.List(ctx)) },
		}, {
			name: "webauthn get", method: "GET", path: "/admin/v1/webauthncredentials/" + webauthnKey, response: oneKey, want: `"credential_name":"Touch ID"`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.WebAuthn.Get(ctx, webauthnKey) },
		}, {
			name: "webauthn delete", method: "DELETE", path: "/admin/v1/webauthncredentials/" + webauthnKey, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.WebAuthn.Delete(ctx, webauthnKey)) },
		},
	}
}
