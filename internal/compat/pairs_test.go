package compat_test

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/duosecurity/duo_api_golang/admin"
	"github.com/duosecurity/duo_api_golang/authapi"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/secret"
)

// first asks a sequence for one item, so that one page is fetched.
func first[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		return err
	}
	return nil
}

// pair is the same call in both libraries. Refusals are answers, too: only the
// request counts.
type pair struct {
	theirs func(b *both) error
	ours   func(ctx context.Context, b *both) error
}

// synchronous is what ours, and the Python library, say outright.
func synchronous(v *url.Values) { v.Set("async", "0") }

func pairs(u duotest.User) map[string]pair {
	phone, hourAgo := u.Phones[0].ID, time.Now().Add(-time.Hour).Truncate(time.Second)
	return map[string]pair{
		"auth ping": {
			func(b *both) error { _, err := b.auth.Ping(); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAuth.Ping(ctx); return err },
		},
		"auth check": {
			func(b *both) error { _, err := b.auth.Check(); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAuth.Check(ctx); return err },
		},
		"auth logo": {
			func(b *both) error { _, err := b.auth.Logo(); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAuth.Logo(ctx); return err },
		},
		"auth enroll": {
			func(b *both) error {
				_, err := b.auth.Enroll(authapi.EnrollUsername("né w"), authapi.EnrollValidSeconds(600))
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.Enroll(ctx, duoclient.EnrollParams{Username: "né w", Valid: 10 * time.Minute})
				return err
			},
		},
		"auth enroll_status": {
			func(b *both) error { _, err := b.auth.EnrollStatus(u.ID, "duo://x1bTAIQGWXppdi2ctPVn-eA"); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.EnrollStatus(ctx, u.ID, "duo://x1bTAIQGWXppdi2ctPVn-eA")
				return err
			},
		},
		"auth preauth": {
			func(b *both) error {
				_, err := b.auth.Preauth(authapi.PreauthUsername("a+b c~d*e@x.example"))
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.Preauth(ctx, duoclient.PreauthParams{Username: "a+b c~d*e@x.example"})
				return err
			},
		},
		"auth passcode": {
			func(b *both) error {
				_, err := b.auth.Auth("passcode", authapi.AuthUserId(u.ID), authapi.AuthPasscode("123456"), synchronous)
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.Auth(ctx, duoclient.AuthParams{UserID: u.ID, Factor: "passcode", Passcode: secret.New("123456")})
				return err
			},
		},
		"auth push": {
			func(b *both) error {
				_, err := b.auth.Auth("push", authapi.AuthUsername("test1"), authapi.AuthDevice(phone), authapi.AuthType("Über"),
					authapi.AuthDisplayUsername("A & B"), synchronous)
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.Auth(ctx, duoclient.AuthParams{
					Username: "test1", Factor: "push", Device: phone, Type: "Über", DisplayUsername: "A & B",
				})
				return err
			},
		},
		"auth push async": {
			func(b *both) error {
				_, err := b.auth.Auth("push", authapi.AuthUsername("test1"), authapi.AuthDevice("auto"), authapi.AuthAsync())
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.AuthAsync(ctx, duoclient.AuthParams{Username: "test1", Factor: "push", Device: "auto"})
				return err
			},
		},
		"auth auth_status": {
			func(b *both) error { _, err := b.auth.AuthStatus("13eb97f2-9008-42f4-b59b-afc7a5edf6a6"); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAuth.AuthStatus(ctx, "13eb97f2-9008-42f4-b59b-afc7a5edf6a6")
				return err
			},
		},
		"users list": {
			func(b *both) error { _, err := b.admin.GetUsers(admin.Limit(300)); return err },
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Users.List(ctx, duoclient.UserFilter{}))
			},
		},
		"users create": {
			func(b *both) error {
				name := "Ä ö"
				u := admin.User{Username: "new", RealName: &name, Email: "n@x.example", Status: "bypass", Notes: "a\nb"}
				_, err := b.admin.CreateUser(u.URLValues())
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Users.Create(ctx, duoclient.UserParams{
					Username: "new", Realname: "Ä ö", Email: "n@x.example", Status: "bypass", Notes: "a\nb",
				})
				return err
			},
		},
		"users get": {
			func(b *both) error { _, err := b.admin.GetUser(u.ID); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAdmin.Users.Get(ctx, u.ID); return err },
		},
		"users update": {
			func(b *both) error { _, err := b.admin.ModifyUser(u.ID, url.Values{"firstname": {"F"}}); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Users.Update(ctx, u.ID, duoclient.UserParams{Firstname: "F"})
				return err
			},
		},
		"users delete": {
			func(b *both) error { _, err := b.admin.DeleteUser("DUAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error { return b.ourAdmin.Users.Delete(ctx, "DUAAAAAAAAAAAAAAAAAA") },
		},
		"users phones": {
			func(b *both) error { _, err := b.admin.GetUserPhones(u.ID, admin.Limit(500)); return err },
			func(ctx context.Context, b *both) error { return first(b.ourAdmin.Users.Phones(ctx, u.ID)) },
		},
		"users groups": {
			func(b *both) error { _, err := b.admin.GetUserGroups(u.ID, admin.Limit(500)); return err },
			func(ctx context.Context, b *both) error { return first(b.ourAdmin.Users.Groups(ctx, u.ID)) },
		},
		"users group add": {
			func(b *both) error {
				_, err := b.admin.AssociateGroupWithUser(u.ID, "DGAAAAAAAAAAAAAAAAAA")
				return err
			},
			func(ctx context.Context, b *both) error {
				return b.ourAdmin.Users.AddGroup(ctx, u.ID, "DGAAAAAAAAAAAAAAAAAA")
			},
		},
		"users group remove": {
			func(b *both) error {
				_, err := b.admin.DisassociateGroupFromUser(u.ID, "DGAAAAAAAAAAAAAAAAAA")
				return err
			},
			func(ctx context.Context, b *both) error {
				return b.ourAdmin.Users.RemoveGroup(ctx, u.ID, "DGAAAAAAAAAAAAAAAAAA")
			},
		},
		"users tokens": {
			func(b *both) error { _, err := b.admin.GetUserTokens(u.ID, admin.Limit(500)); return err },
			func(ctx context.Context, b *both) error { return first(b.ourAdmin.Users.Tokens(ctx, u.ID)) },
		},
		"users token add": {
			func(b *both) error { _, err := b.admin.AssociateUserToken(u.ID, "DHAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error {
				return b.ourAdmin.Users.AddToken(ctx, u.ID, "DHAAAAAAAAAAAAAAAAAA")
			},
		},
		"bypass create": {
			func(b *both) error {
				_, err := b.admin.GetUserBypassCodes(u.ID, func(v *url.Values) {
					v.Set("count", "2")
					v.Set("valid_secs", "3600")
					v.Set("preserve_existing", "true")
				})
				return err
			},
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Users.CreateBypassCodes(ctx, u.ID, duoclient.BypassParams{
					Count: 2, Valid: time.Hour, PreserveExisting: true,
				})
				return err
			},
		},
		"groups list": {
			func(b *both) error { _, err := b.admin.GetGroups(admin.Limit(100)); return err },
			func(ctx context.Context, b *both) error { return first(b.ourAdmin.Groups.List(ctx)) },
		},
		"groups get": {
			func(b *both) error { _, err := b.admin.GetGroup("DGAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Groups.Get(ctx, "DGAAAAAAAAAAAAAAAAAA")
				return err
			},
		},
		"phones list": {
			func(b *both) error {
				_, err := b.admin.GetPhones(admin.Limit(500), admin.GetPhonesNumber("+17345550100"))
				return err
			},
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Phones.List(ctx, duoclient.PhoneFilter{Number: "+17345550100"}))
			},
		},
		"phones get": {
			func(b *both) error { _, err := b.admin.GetPhone(phone); return err },
			func(ctx context.Context, b *both) error { _, err := b.ourAdmin.Phones.Get(ctx, phone); return err },
		},
		"phones delete": {
			func(b *both) error { _, err := b.admin.DeletePhone("DPAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error { return b.ourAdmin.Phones.Delete(ctx, "DPAAAAAAAAAAAAAAAAAA") },
		},
		"tokens list": {
			func(b *both) error { _, err := b.admin.GetTokens(admin.Limit(500)); return err },
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Tokens.List(ctx, duoclient.TokenFilter{}))
			},
		},
		"tokens get": {
			func(b *both) error { _, err := b.admin.GetToken("DHAAAAAAAAAAAAAAAAAA"); return err },
			func(ctx context.Context, b *both) error {
				_, err := b.ourAdmin.Tokens.Get(ctx, "DHAAAAAAAAAAAAAAAAAA")
				return err
			},
		},
		"logs authentication": {
			func(b *both) error {
				_, err := b.admin.GetAuthLogs(hourAgo, time.Hour, func(v *url.Values) {
					v.Set("limit", "1000")
					v.Set("sort", "ts:desc")
				})
				return err
			},
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Logs.Authentication(ctx, duoclient.AuthLogFilter{
					From: hourAgo, To: hourAgo.Add(time.Hour),
				}))
			},
		},
		"logs administrator": {
			func(b *both) error { _, err := b.admin.GetAdminLogs(hourAgo); return err },
			func(ctx context.Context, b *both) error {
				return first(b.ourAdmin.Logs.Administrator(ctx, hourAgo))
			},
		},
		"accounts list": {
			func(b *both) error { return b.call("/accounts/v1/account/list", nil) },
			func(ctx context.Context, b *both) error { _, err := b.ours.List(ctx); return err },
		},
		"accounts create": {
			func(b *both) error { return b.call("/accounts/v1/account/create", url.Values{"name": {"A & Ö"}}) },
			func(ctx context.Context, b *both) error { _, err := b.ours.Create(ctx, "A & Ö"); return err },
		},
	}
}
