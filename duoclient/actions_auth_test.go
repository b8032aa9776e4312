package duoclient_test

import (
	"net/netip"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

func authActions() []action {
	return []action{
		{
			name: "auth ping", method: "GET", path: "/auth/v2/ping", response: `{"time":1793534400}`, unsigned: true,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.auth.Ping(ctx) }, want: `2026-11-01T12:00:00Z`,
		}, {
			name: "auth check", method: "GET", path: "/auth/v2/check", response: `{"time":1793534400}`,
			call: func(ctx ctxT, c apiClients) (any, error) { return c.auth.Check(ctx) }, want: `2026-11-01T12:00:00Z`,
		}, {
			name: "auth enroll", method: "POST", path: "/auth/v2/enroll", once: true,
			params:   values{"username": {"bob"}, "valid_secs": {"3600"}},
			response: `{"activation_barcode":"https://h/frame/qr?value=duo","activation_code":"duo://4FCELXdby5IvBEjBp6BT-YXBp","activation_url":"https://m-h/activate/4FCELXdby5IvBEjBp6BT","expiration":1793534400,"user_id":"` + userID + `","username":"bob"}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.auth.Enroll(ctx, duoclient.EnrollParams{Username: "bob", Valid: time.Hour})
			},
			want: `"activation_code":"duo://4FCELXdby5IvBEjBp6BT-YXBp"`,
		}, {
			name: "auth enroll_status", method: "POST", path: "/auth/v2/enroll_status",
			params: values{"user_id": {userID}, "activation_code": {"duo://4FCELXdby5IvBEjBp6BT-YXBp"}}, response: `"waiting"`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.auth.EnrollStatus(ctx, userID, "duo://4FCELXdby5IvBEjBp6BT-YXBp")
			},
			want: `"waiting"`,
		}, {
			name: "auth preauth", method: "POST", path: "/auth/v2/preauth",
			params:   values{"username": {"bob"}, "ipaddr": {"192.0.2.1"}, "hostname": {"h"}, "trusted_device_token": {"tokentoken"}, "client_supports_verified_push": {"1"}},
			response: `{"result":"auth","status_msg":"Account is active","devices":[{"device":"` + phoneID + `","type":"phone","name":"","number":"XXX-XXX-0100","display_name":"iOS (XXX-XXX-0100)","capabilities":["auto","push"],"sms_nextcode":1}]}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.auth.Preauth(ctx, duoclient.PreauthParams{
					Username: "bob", IPAddr: netip.MustParseAddr("::ffff:192.0.2.1"), Hostname: "h", TrustedDeviceToken: secret.New("tokentoken"), VerifiedPush: true,
				})
			},
			want: `"sms_nextcode":"1"`,
		}, {
			name: "auth push", method: "POST", path: "/auth/v2/auth", once: true,
			params: values{
				"username": {"bob"}, "factor": {"push"}, "device": {"auto"}, "async": {"0"}, "type": {"Transfer"}, "display_username": {"Bob B."},
				"pushinfo": {"from=login%20portal&a%26b=1%2B1"}, "ipaddr": {"2001:db8::1"}, "hostname": {"h"}, "txid": {txid},
			},
			response: `{"result":"allow","status":"allow","status_msg":"Success. Logging you in...","trusted_device_token":"remembered"}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.auth.Auth(ctx, duoclient.AuthParams{
					Username: "bob", Factor: duoclient.FactorPush, Type: "Transfer", DisplayUsername: "Bob B.", TxID: txid, Hostname: "h",
					PushInfo: []duoclient.PushDetail{{"from", "login portal"}, {"a&b", "1+1"}}, IPAddr: netip.MustParseAddr("2001:db8::1"),
				})
			},
			want: `"result":"allow"`,
		}, {
			name: "auth passcode", method: "POST", path: "/auth/v2/auth", once: true,
			params:   values{"user_id": {userID}, "factor": {"passcode"}, "passcode": {"123456"}, "async": {"0"}},
			response: `{"result":"deny","status":"deny","status_msg":"Incorrect passcode. Please try again."}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.auth.Auth(ctx, duoclient.AuthParams{UserID: userID, Factor: duoclient.FactorPasscode, Passcode: secret.New("123456")})
			},
			want: `"result":"deny"`,
		}, {
			name: "auth phone", method: "POST", path: "/auth/v2/auth", once: true,
			params:   values{"username": {"bob"}, "factor": {"phone"}, "device": {phoneID}, "async": {"0"}},
			response: `{"result":"deny","status":"deny","status_msg":"No keypress detected. Please try again."}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.auth.Auth(ctx, duoclient.AuthParams{Username: "bob", Factor: duoclient.FactorPhone, Device: phoneID})
			},
			want: `"status":"deny"`,
		}, {
			name: "auth sms", method: "POST", path: "/auth/v2/auth", once: true,
			params:   values{"username": {"bob"}, "factor": {"sms"}, "device": {"auto"}, "async": {"0"}},
			response: `{"result":"deny","status":"sent","status_msg":"New SMS passcodes sent."}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.auth.Auth(ctx, duoclient.AuthParams{Username: "bob", Factor: duoclient.FactorSMS})
			},
			want: `"status":"sent"`,
		}, {
			name: "auth auto, async", method: "POST", path: "/auth/v2/auth", once: true,
			params: values{"username": {"bob"}, "factor": {"auto"}, "device": {"auto"}, "async": {"1"}}, response: `{"txid":"` + txid + `"}`,
			call: func(ctx ctxT, c apiClients) (any, error) {
				return c.auth.AuthAsync(ctx, duoclient.AuthParams{Username: "bob", Factor: duoclient.FactorAuto})
			},
			want: `"` + txid + `"`,
		}, {
			name: "auth auth_status", method: "GET", path: "/auth/v2/auth_status", params: values{"txid": {txid}},
			response: `{"result":"waiting","status":"pushed","status_msg":"Pushed a login request to your device...","auth_delayed":false}`,
			call:     func(ctx ctxT, c apiClients) (any, error) { return c.auth.AuthStatus(ctx, txid) }, want: `"status":"pushed"`,
		},
	}
}
