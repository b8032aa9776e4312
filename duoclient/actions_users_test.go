package duoclient_test

import (
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

func userActions() []action {
	return []action{
		{
			name: "users list", method: "GET", path: "/admin/v1/users", params: first("300"), response: `[` + oneUser + `]`, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return gather(c.admin.Users.List(ctx, duoclient.UserFilter{}))
			},
			want: `"user_id":"` + userID + `"`,
		}, {
			name: "users list by names", method: "GET", path: "/admin/v1/users", response: `[]`, want: `null`,
			params: values{"username_list": {`["ann","bob"]`}, "limit": {"300"}, "offset": {"0"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return gather(c.admin.Users.List(ctx, duoclient.UserFilter{Usernames: []string{"ann", "bob"}}))
			},
		}, {
			name: "users get by username", method: "GET", path: "/admin/v1/users", response: `[` + oneUser + `]`, want: `"username":"bob"`,
			params: values{"username": {"Bob"}, "limit": {"300"}, "offset": {"0"}},
			call:   func(ctx ctxT, c apiClients) (any, error) { return c.admin.Users.ByName(ctx, "Bob") },
		}, {
			name: "users get", method: "GET", path: "/admin/v1/users/" + userID, response: oneUser, want: `"is_enrolled":true`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.Users.Get(ctx, userID) },
		}, {
			name: "users create", method: "POST", path: "/admin/v1/users", once: true, response: oneUser, want: `"created":"2013-11-12T16:55:37Z"`,
			params: values{
				"username": {"bob"}, "realname": {"Bob B."}, "firstname": {"Bob"}, "lastname": {"B."}, "email": {"bob@example.org"}, "status": {"bypass"},
				"notes": {"two\nlines"}, "enable_auto_prompt": {"false"}, "alias1": {"b+b"}, "alias2": {"zoë"}, "custom_attributes.Ward": {"3"},
			},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Users.Create(ctx, duoclient.UserParams{
					Username: "bob", Realname: "Bob B.", Firstname: "Bob", Lastname: "B.", Email: "bob@example.org", Status: "Bypass",
					Notes: "two\nlines", EnableAutoPrompt: new(false), Aliases: []string{"b+b", "zoë"}, CustomAttributes: map[string]string{"Ward": "3"},
				})
			},
		}, {
			name: "users update", method: "POST", path: "/admin/v1/users/" + userID, response: oneUser, want: `"username":"bob"`,
			params: values{"status": {"locked out"}, "notes": {""}, "aliases": {"alias1=a&alias2=&alias3=c&alias4=d&alias5=e%20e"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Users.Update(ctx, userID, duoclient.UserParams{
					Status: duoclient.UserLockedOut, Clear: []string{"notes"}, Aliases: []string{"a", "", "c", "d", "e e"},
				})
			},
		}, {
			name: "users delete", method: "DELETE", path: "/admin/v1/users/" + userID, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Users.Delete(ctx, userID)) },
		}, {
			name: "users enroll", method: "POST", path: "/admin/v1/users/enroll", once: true, response: `"7bd1b51b1a4d5b5a"`, want: `"7bd1b51b1a4d5b5a"`,
			params: values{"username": {"bob"}, "email": {"bob@example.org"}, "valid_secs": {"0"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Users.Enroll(ctx, "bob", "bob@example.org", duoclient.Never)
			},
		}, {
			name: "users bulk create", method: "POST", path: "/admin/v1/users/bulk_create", once: true, response: `[` + oneUser + `]`, want: `"username":"bob"`,
			params: values{"users": {`[{"username":"ann"},{"email":"bob@example.org","status":"disabled","username":"bob"}]`}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Users.BulkCreate(ctx, []duoclient.UserParams{{Username: "ann"}, {Username: "bob", Email: "bob@example.org", Status: "disabled"}})
			},
		}, {
			name: "users sync", method: "POST", path: "/admin/v1/users/directorysync/" + directoryKey + "/syncuser", once: true,
			params: values{"username": {"bob"}}, response: `{"message":"synced"}`, want: `"message":"synced"`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.Users.SyncOne(ctx, directoryKey, "bob") },
		}, {
			name: "users verify", method: "POST", path: "/admin/v1/users/" + userID + "/send_verification_push", once: true,
			params: values{"phone_id": {phoneID}}, response: `{"push_id":"` + txid + `","confirmation_code":"123456"}`, want: `"confirmation_code":"123456"`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Users.SendVerificationPush(ctx, userID, phoneID)
			},
		}, {
			name: "users verify, answer", method: "GET", path: "/admin/v1/users/" + userID + "/verification_push_response",
			params: values{"push_id": {txid}}, response: `{"push_id":"` + txid + `","result":"approve"}`, want: `"result":"approve"`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Users.VerificationPushResponse(ctx, userID, txid)
			},
		},
	}
}

// userTieActions are what a user has.
func userTieActions() []action {
	under := func(what string) string { return "/admin/v1/users/" + userID + "/" + what }
	return []action{
		{
			name: "users phones", method: "GET", path: under("phones"), params: first("500"), response: `[` + onePhone + `]`, want: `"predelay":"7"`, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Users.Phones(ctx, userID)) },
		}, {
			name: "users groups", method: "GET", path: under("groups"), params: first("500"), response: `[` + oneGroup + `]`, want: `"name":"ops"`, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Users.Groups(ctx, userID)) },
		}, {
			name: "users tokens", method: "GET", path: under("tokens"), params: first("500"), response: `[` + oneToken + `]`, want: `"serial":"0123"`, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Users.Tokens(ctx, userID)) },
		}, {
			name: "users webauthn", method: "GET", path: under("webauthncredentials"), params: first("500"), response: `[` + oneKey + `]`, want: `"label":"Touch ID"`, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Users.WebAuthn(ctx, userID)) },
		}, {
			name: "users bypass", method: "GET", path: under("bypass_codes"), params: first("500"), response: `[` + oneCode + `]`, want: `"reuse_count":null`, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Users.BypassCodes(ctx, userID)) },
		}, {
			name: "phones assign", method: "POST", path: under("phones"), params: values{"phone_id": {phoneID}}, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Users.AddPhone(ctx, userID, phoneID)) },
		}, {
			name: "phones unassign", method: "DELETE", path: under("phones/" + phoneID), response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return done(c.admin.Users.RemovePhone(ctx, userID, phoneID))
			},
		}, {
			name: "groups add user", method: "POST", path: under("groups"), params: values{"group_id": {groupID}}, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Users.AddGroup(ctx, userID, groupID)) },
		}, {
			name: "groups remove user", method: "DELETE", path: under("groups/" + groupID), response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return done(c.admin.Users.RemoveGroup(ctx, userID, groupID))
			},
		}, {
			name: "tokens add user", method: "POST", path: under("tokens"), params: values{"token_id": {tokenID}}, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Users.AddToken(ctx, userID, tokenID)) },
		}, {
			name: "tokens remove user", method: "DELETE", path: under("tokens/" + tokenID), response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return done(c.admin.Users.RemoveToken(ctx, userID, tokenID))
			},
		},
	}
}

// bypassCodes makes codes and reveals them.
func bypassCodes(ctx ctxT, c apiClients, p duoclient.BypassParams) (any, error) {
	codes, err := c.admin.Users.CreateBypassCodes(ctx, userID, p)
	plain := make([]string, len(codes))
	for i, code := range codes {
		plain[i] = code.Reveal()
	}
	return plain, err
}

func bypassActions() []action {
	create := "/admin/v1/users/" + userID + "/bypass_codes"
	return []action{
		{
			name: "bypass list", method: "GET", path: "/admin/v1/bypass_codes", params: first("500"), response: `[` + oneCode + `]`, want: bypassID, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.BypassCodes.List(ctx)) },
		}, {
			name: "bypass get", method: "GET", path: "/admin/v1/bypass_codes/" + bypassID, response: oneCode, want: bypassID,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.BypassCodes.Get(ctx, bypassID) },
		}, {
			name: "bypass delete", method: "DELETE", path: "/admin/v1/bypass_codes/" + bypassID, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.BypassCodes.Delete(ctx, bypassID)) },
		}, {
			name: "bypass create", method: "POST", path: create, once: true, response: `["407176182","016931781"]`, want: `["407176182","016931781"]`,
			params: values{"count": {"2"}, "reuse_count": {"0"}, "valid_secs": {"3600"}, "preserve_existing": {"true"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return bypassCodes(ctx, c, duoclient.BypassParams{Count: 2, ReuseCount: new(0), Valid: time.Hour, PreserveExisting: true})
			},
		}, {
			name: "bypass create own codes", method: "POST", path: create, once: true, response: `["12345","67890"]`, want: `["12345","67890"]`,
			params: values{"codes": {"12345,67890"}, "preserve_existing": {"false"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return bypassCodes(ctx, c, duoclient.BypassParams{Codes: []secret.Secret{secret.New("12345"), secret.New("67890")}})
			},
		},
	}
}
