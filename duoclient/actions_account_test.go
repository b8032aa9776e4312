package duoclient_test

import (
	"errors"
	"net/http"
	"time"

	"mfaserver/duoclient"
)

func integrationActions() []action {
	one := "/admin/v1/integrations/" + integrationKey
	return []action{
		{
			name: "integrations list", method: "GET", path: "/admin/v1/integrations", params: first("500"), response: `[` + oneApp + `]`, want: integrationKey, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Integrations.List(ctx)) },
		}, {
			name: "integrations get", method: "GET", path: one, response: oneApp, want: `"secret_key":"s3cr3ts3cr3t"`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.Integrations.Get(ctx, integrationKey) },
		}, {
			name: "integrations create", method: "POST", path: "/admin/v1/integrations", once: true, response: oneApp, want: `"adminapi_info":true`,
			params: values{
				"name": {"Admin"}, "type": {"adminapi"}, "adminapi_info": {"1"}, "adminapi_settings": {"0"}, "enroll_policy": {"deny"},
				"username_normalization_policy": {"Simple"}, "groups_allowed": {groupID}, "self_service_allowed": {"true"},
			},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Integrations.Create(ctx, duoclient.IntegrationParams{
					Name: "Admin", Type: "adminapi", AdminAPI: map[string]bool{"adminapi_info": true, "adminapi_settings": false}, EnrollPolicy: "deny",
					UsernameNormalizationPolicy: "simple", GroupsAllowed: []string{groupID}, SelfServiceAllowed: new(true),
				})
			},
		}, {
			name: "integrations update", method: "POST", path: one, response: oneApp, want: `"name":"Web"`, params: values{"notes": {"n"}, "networks_for_api_access": {""}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Integrations.Update(ctx, integrationKey, duoclient.IntegrationParams{Notes: "n", Clear: []string{"networks_for_api_access"}})
			},
		}, {
			name: "integrations reset", method: "POST", path: one, response: oneApp, want: `"name":"Web"`, params: values{"reset_secret_key": {"1"}}, once: true,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Integrations.Update(ctx, integrationKey, duoclient.IntegrationParams{ResetSecretKey: true})
			},
		}, {
			name: "integrations delete", method: "DELETE", path: one, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return done(c.admin.Integrations.Delete(ctx, integrationKey))
			},
		}, {
			name: "integrations secret key", method: "GET", path: one + "/skey", response: `{"secret_key":"s3cr3ts3cr3t"}`, want: `"s3cr3ts3cr3t"`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				s, err := c.admin.Integrations.SecretKey(ctx, integrationKey)
				return s.Reveal(), err
			},
		},
	}
}

func administratorActions() []action {
	one := "/admin/v1/admins/" + adminID
	return []action{
		{
			name: "admins list", method: "GET", path: "/admin/v1/admins", params: first("500"), response: `[` + oneAdmin + `]`, want: adminID, paged: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Administrators.List(ctx)) },
		}, {
			name: "admins get", method: "GET", path: one, response: oneAdmin, want: `"role":"Owner"`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.Administrators.Get(ctx, adminID) },
		}, {
			name: "admins create", method: "POST", path: "/admin/v1/admins", once: true, response: oneAdmin, want: adminID,
			params: values{
				"name": {"Ann"}, "email": {"ann@example.org"}, "phone": {"+17345550100"}, "role": {"Help Desk"}, "send_email": {"1"}, "valid_days": {"7"},
				"restricted_by_admin_units": {"true"}, "token_id": {tokenID},
			},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Administrators.Create(ctx, duoclient.AdministratorParams{
					Name: "Ann", Email: "ann@example.org", Phone: "+17345550100", Role: "help desk", SendEmail: true, ValidDays: 7,
					RestrictedByAdminUnits: new(true), TokenID: tokenID,
				})
			},
		}, {
			name: "admins update", method: "POST", path: one, response: oneAdmin, want: adminID,
			params: values{"status": {"Disabled"}, "password_change_required": {"true"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Administrators.Update(ctx, adminID, duoclient.AdministratorParams{Status: "disabled", PasswordChangeRequired: new(true)})
			},
		}, {
			name: "admins delete", method: "DELETE", path: one, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Administrators.Delete(ctx, adminID)) },
		}, {
			name: "admins reset", method: "POST", path: one + "/reset", response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.admin.Administrators.Reset(ctx, adminID)) },
		}, {
			name: "admins clear inactivity", method: "POST", path: one + "/clear_inactivity", response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return done(c.admin.Administrators.ClearInactivity(ctx, adminID))
			},
		},
	}
}

// aroundActions are settings, figures and logs.
func aroundActions() []action {
	from, to := noon.Add(-time.Hour), noon
	span := values{"mintime": {"1793530800000"}, "maxtime": {"1793534400000"}, "limit": {"1000"}}
	return []action{
		{
			name: "settings get", method: "GET", path: "/admin/v1/settings", response: `{"name":"Acme","sms_batch":1,"sms_refresh":0,"lockout_expire_duration":null}`, want: `"name":"Acme"`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.Settings.Get(ctx) },
		}, {
			name: "settings update", method: "POST", path: "/admin/v1/settings", response: `{"sms_batch":"5"}`, want: `"sms_batch":5`,
			params: values{"sms_batch": {"5"}, "fraud_email_enabled": {"0"}, "helpdesk_message": {""}, "user_telephony_cost_max": {"19.5"}},
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Settings.Update(ctx, map[string]any{
					"sms_batch": 5, "fraud_email_enabled": false, "helpdesk_message": "", "user_telephony_cost_max": 19.5,
				})
			},
		}, {
			name: "info summary", method: "GET", path: "/admin/v1/info/summary", want: `"user_count":8`,
			response: `{"admin_count":3,"integration_count":9,"telephony_credits_remaining":960,"user_count":8}`,
			call:     func(ctx ctxT, c apiClients) (any, error) { return c.admin.Info.Summary(ctx) },
		}, {
			name: "info telephony credits", method: "GET", path: "/admin/v1/info/telephony_credits_used", params: values{"mintime": {"1793530800"}, "maxtime": {"1793534400"}},
			response: `{"telephony_credits_used":5,"mintime":1793530800,"maxtime":1793534400}`, want: `"telephony_credits_used":5`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.admin.Info.TelephonyCreditsUsed(ctx, from, to) },
		}, {
			name: "info attempts", method: "GET", path: "/admin/v1/info/authentication_attempts", want: `"FAILURE":1`,
			response: `{"authentication_attempts":{"ERROR":0,"FAILURE":1,"FRAUD":0,"SUCCESS":11},"mintime":1,"maxtime":2}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.admin.Info.AuthenticationAttempts(ctx, time.Time{}, time.Time{})
			},
		}, {
			name: "logs authentication", method: "GET", path: "/admin/v2/logs/authentication", want: `"factor":"duo_push"`,
			params: values{
				"mintime": span["mintime"], "maxtime": span["maxtime"], "limit": span["limit"], "sort": {"ts:asc"}, "users": {userID, "DUBBBBBBBBBBBBBBBBBB"}, "results": {"success"},
			},
			response: `{"authlogs":[{"txid":"t","timestamp":1793534000,"factor":"duo_push","user":{"key":"k","name":"bob","groups":["g (Active)"]},"auth_device":{"location":{"city":"Ann Arbor"}}}],"metadata":{"next_offset":null,"total_objects":1}}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return gather(c.admin.Logs.Authentication(ctx, duoclient.AuthLogFilter{
					From: from, To: to, OldestFirst: true, Users: []string{userID, "DUBBBBBBBBBBBBBBBBBB"}, Results: []string{"success"},
				}))
			},
		}, {
			name: "logs telephony", method: "GET", path: "/admin/v2/logs/telephony", params: span, want: `"ts":"2022-11-01T21:24:00Z"`,
			response: `{"items":[{"telephony_id":"t","ts":"2022-11-01T21:24:00.000000+00:00","type":"sms","credits":1}],"metadata":{"total_objects":{"relation":"eq","value":1}}}`,
			call:     func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Logs.Telephony(ctx, from, to)) },
		}, {
			name: "logs activity", method: "GET", path: "/admin/v2/logs/activity", params: span, want: `"action":{"name":"admin_login"}`,
			response: `{"items":[{"activity_id":"a","action":{"name":"admin_login"},"ts":"2022-11-01T21:24:00.000000+00:00"}],"metadata":{}}`,
			call:     func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Logs.Activity(ctx, from, to)) },
		}, {
			name: "logs administrator", method: "GET", path: "/admin/v1/logs/administrator", params: values{"mintime": {"1793530800"}}, want: `"action":"bypass_create"`,
			response: `[{"action":"bypass_create","description":"{\"count\": 1}","object":"bob","timestamp":1793534000,"username":"API (x)","isotimestamp":"2026-11-01T11:53:20+00:00"}]`,
			call:     func(ctx ctxT, c apiClients) (any, error) { return gather(c.admin.Logs.Administrator(ctx, from)) },
		},
	}
}

func accountActions() []action {
	const child = `{"account_id":"` + accountID + `","api_hostname":"api-abcdef12.duosecurity.com","name":"Acme"}`
	return []action{
		{
			name: "accounts list", method: "POST", path: "/accounts/v1/account/list", response: `[` + child + `]`, want: `"api_hostname":"api-abcdef12.duosecurity.com"`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.accounts.List(ctx) },
		}, {
			name: "accounts create", method: "POST", path: "/accounts/v1/account/create", once: true, params: values{"name": {"Acme"}}, response: child, want: accountID,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.accounts.Create(ctx, "Acme") },
		}, {
			name: "accounts delete", method: "POST", path: "/accounts/v1/account/delete", once: true, params: values{"account_id": {accountID}}, response: `""`, want: `null`,
			call: func(ctx ctxT, c apiClients) (any, error) { return done(c.accounts.Delete(ctx, accountID)) },
		},
	}
}

func genericActions() []action {
	params := values{"a": {"1"}, "b": {"2", "1"}, "empty": {""}}
	response := `{"anything":[1,2]}`
	all := []action{
		{
			name: "auth call", method: "POST", path: "/auth/v2/anything", once: true,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.auth.Call(ctx, http.MethodPost, "/auth/v2/anything", params)
			},
		}, {
			name: "admin call", method: "GET", path: "/admin/v2/policies",
			call: func(ctx ctxT, c apiClients) (any, error) {
				raw, err := c.admin.Call(ctx, http.MethodGet, "/admin/v2/policies", params)
				return raw.Response, err
			},
		}, {
			name: "admin call JSON", method: "PATCH", path: "/admin/v2/policies/x", once: true,
			call: func(ctx ctxT, c apiClients) (any, error) {
				raw, err := c.admin.CallJSON(ctx, http.MethodPatch, "/admin/v2/policies/x", map[string]any{"a": 1, "b": []string{"2", "1"}, "empty": ""})
				if fault, ok := errors.AsType[*duoclient.ParameterError](err); ok && fault.Field == "signature" {
					// Version 2 has no JSON: shown by the fault, sent as a form.
					raw, err = c.admin.Call(ctx, http.MethodPatch, "/admin/v2/policies/x", params)
				}
				return raw.Response, err
			},
		}, {
			name: "admin call PUT", method: "PUT", path: "/admin/v2/policies/x", once: true,
			call: func(ctx ctxT, c apiClients) (any, error) {
				raw, err := c.admin.Call(ctx, http.MethodPut, "/admin/v2/policies/x", params)
				return raw.Response, err
			},
		}, {
			name: "admin call DELETE", method: "DELETE", path: "/admin/v2/policies/x",
			call: func(ctx ctxT, c apiClients) (any, error) {
				raw, err := c.admin.Call(ctx, http.MethodDelete, "/admin/v2/policies/x", params)
				return raw.Response, err
			},
		}, {
			name: "accounts call", method: "POST", path: "/accounts/v1/billing/edition", once: true,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.accounts.Call(ctx, http.MethodPost, "/accounts/v1/billing/edition", params)
			},
		},
	}
	for i := range all {
		all[i].params, all[i].response, all[i].want = params, response, `{"anything":[1,2]}`
	}
	return all
}
