package duoclient_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/secret"
)

// TestSimulatorEnrolment: a help desk's whole way, from a new user to a login
// with a bypass code and one with a push.
func TestSimulatorEnrolment(t *testing.T) {
	t.Parallel()
	versions(t, enrolment)
}

func enrolment(t *testing.T, version duoclient.SignatureVersion) {
	t.Helper()
	s, ctx, ok := simulate(t, version), t.Context(), must(t)
	user := ok(s.admin.Users.Create(ctx, duoclient.UserParams{
		Username: "zoë+b", Email: "zoe@example.org", Realname: "Zoë & B.", Aliases: []string{"zb"}, Notes: "a/b?c=d&e%20 f~*",
	})).(*duoclient.User)
	if user.IsEnrolled || user.Aliases["alias1"] != "zb" || user.Realname != "Zoë & B." || user.Notes != "a/b?c=d&e%20 f~*" {
		t.Errorf("new user %+v", user)
	}
	if _, err := s.admin.Users.Create(ctx, duoclient.UserParams{Username: "zb"}); !errors.Is(err, duoclient.ErrDuplicate) {
		t.Errorf("a name that is taken: %v", err)
	}
	phone := ok(s.admin.Phones.Create(ctx, duoclient.PhoneParams{Number: "+1 734-555-0142", Type: "mobile", Platform: "apple ios", Name: "Zoë's"})).(*duoclient.Phone)
	if phone.Number != "+17345550142" || phone.Type != "Mobile" || phone.Platform != "Apple iOS" {
		t.Errorf("new phone %+v", phone)
	}
	if err := s.admin.Users.AddPhone(ctx, user.UserID, phone.PhoneID); err != nil {
		t.Fatal(err)
	}
	link := ok(s.admin.Phones.ActivationURL(ctx, phone.PhoneID, duoclient.ActivationParams{Valid: time.Hour, Install: true})).(*duoclient.Activation)
	if link.ValidSecs != 3600 || link.InstallationURL == "" || !s.sim.ActivatePhone(link.ActivationURL.Reveal()) {
		t.Errorf("activation %+v", link)
	}
	found := ok(s.admin.Users.ByName(ctx, "ZB")).(*duoclient.User)
	if found.UserID != user.UserID || !found.IsEnrolled || len(found.Phones) != 1 || !found.Phones[0].Activated {
		t.Errorf("user by alias %+v", found)
	}
	codes := ok(s.admin.Users.CreateBypassCodes(ctx, user.UserID, duoclient.BypassParams{Count: 2, Valid: time.Hour})).([]secret.Secret)
	if n := count(t, s.admin.Users.BypassCodes(ctx, user.UserID)); len(codes) != 2 || n != 2 {
		t.Errorf("%d codes, %d listed, want 2", len(codes), n)
	}
	withCode := duoclient.AuthParams{Username: "zoë+b", Factor: duoclient.FactorPasscode, Passcode: codes[0]}
	if r := ok(s.auth.Auth(ctx, withCode)).(*duoclient.AuthResult); !r.Allowed() {
		t.Errorf("bypass code: %+v", r)
	}
	if r := ok(s.auth.Auth(ctx, withCode)).(*duoclient.AuthResult); r.Allowed() {
		t.Errorf("a used bypass code: %+v", r)
	}
	push(t, s, user.UserID)
	if err := s.admin.Users.Delete(ctx, user.UserID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.admin.Users.Get(ctx, user.UserID); !errors.Is(err, duoclient.ErrNotFound) {
		t.Errorf("a deleted user: %v", err)
	}
	if err := s.admin.Users.Delete(ctx, user.UserID); err != nil {
		t.Errorf("deleting twice: %v", err)
	}
	if _, err := s.admin.Users.ByName(ctx, "zb"); !errors.Is(err, duoclient.ErrNotFound) {
		t.Errorf("name of a deleted user: %v", err)
	}
}

// push approves one push and denies another.
func push(t *testing.T, s simulated, userID string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	before, err := s.auth.Preauth(ctx, duoclient.PreauthParams{UserID: userID})
	if err != nil || before.Result != duoclient.PreauthAuth || len(before.Devices) != 1 {
		t.Fatalf("preauth %+v, %v", before, err)
	}
	for _, row := range []struct {
		answer duotest.Answer
		allow  bool
		status string
	}{{duotest.AnswerApprove, true, "allow"}, {duotest.AnswerDeny, false, "deny"}, {duotest.AnswerFraud, false, "fraud"}} {
		txid, err := s.auth.AuthAsync(ctx, duoclient.AuthParams{
			UserID: userID, Factor: duoclient.FactorPush, Device: before.Devices[0].Device, Type: "Transfer",
			PushInfo: []duoclient.PushDetail{{"from", "login & portal"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		rang, err := s.sim.WaitForPush(ctx, "zb")
		if err != nil || rang.Type != "Transfer" || len(rang.Info) != 1 || rang.Info[0] != [2]string{"from", "login & portal"} {
			t.Fatalf("push %+v, %v", rang, err)
		}
		var news []string
		result, err := s.auth.Wait(ctx, txid, func(r duoclient.AuthResult) {
			news = append(news, r.Status)
			if err := s.sim.AnswerPush("zb", row.answer); err != nil {
				t.Error(err)
			}
		})
		if err != nil || result.Allowed() != row.allow || result.Status != row.status || len(news) != 1 || news[0] != "pushed" {
			t.Errorf("%s: %+v, %v, news %v", row.answer, result, err, news)
		}
		if _, err := s.auth.AuthStatus(ctx, txid); !errors.Is(err, duoclient.ErrBadParameter) {
			t.Errorf("a spent txid: %v", err)
		}
	}
}

// TestSimulatorAround: what is around users and phones.
func TestSimulatorAround(t *testing.T) {
	t.Parallel()
	versions(t, around)
}

func around(t *testing.T, version duoclient.SignatureVersion) {
	t.Helper()
	s, ctx, ok := simulate(t, version, duotest.User{Name: "bob", Phones: []duotest.Phone{{Number: "+17345550199", Activated: true}}}), t.Context(), must(t)
	bob := ok(s.admin.Users.ByName(ctx, "bob")).(*duoclient.User)
	group := ok(s.admin.Groups.Create(ctx, duoclient.GroupParams{Name: "ops", Desc: "on call"})).(*duoclient.Group)
	if err := s.admin.Users.AddGroup(ctx, bob.UserID, group.GroupID); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s.admin.Groups.Users(ctx, group.GroupID)); n != 1 {
		t.Errorf("%d users in the group, want 1", n)
	}
	token := ok(s.admin.Tokens.Create(ctx, duoclient.TokenParams{Type: "h6", Serial: "0123", Secret: secret.New("3132333435363738393031323334353637383930")})).(*duoclient.Token)
	if err := s.admin.Users.AddToken(ctx, bob.UserID, token.TokenID); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s.admin.Users.Tokens(ctx, bob.UserID)); n != 1 {
		t.Errorf("%d tokens, want 1", n)
	}
	settings := ok(s.admin.Settings.Update(ctx, duoclient.SettingsParams{"sms_batch": 7, "fraud_email_enabled": true})).(*duoclient.Settings)
	if again := ok(s.admin.Settings.Get(ctx)).(*duoclient.Settings); settings.SMSBatch != 7 || again.SMSBatch != 7 || !again.FraudEmailEnabled {
		t.Errorf("settings %+v", again)
	}
	directory := s.sim.AddDirectory(duotest.Directory{Users: []duotest.User{{Name: "carol", Email: "carol@example.org"}}})
	ok(s.admin.Users.SyncOne(ctx, directory.Key, "carol"))
	if carol := ok(s.admin.Users.ByName(ctx, "carol")).(*duoclient.User); carol.ExternalID == "" || carol.LastDirectorySync.IsZero() {
		t.Errorf("a user of a directory %+v", carol)
	}
	if _, err := s.admin.Users.SyncOne(ctx, directory.Key, "nobody"); !errors.Is(err, duoclient.ErrBadParameter) {
		t.Errorf("a user whom the directory does not have: %v", err)
	}
	ok(s.admin.Users.BulkCreate(ctx, []duoclient.UserParams{{Username: "dora"}, {Username: "emil", Email: "emil@example.org"}}))
	if summary := ok(s.admin.Info.Summary(ctx)).(*duoclient.Summary); summary.UserCount != 4 {
		t.Errorf("summary %+v, want 4 users", summary)
	}
	sent := ok(s.admin.Users.SendVerificationPush(ctx, bob.UserID, bob.Phones[0].PhoneID)).(*duoclient.VerificationPush)
	if err := s.sim.AnswerPush("bob", duotest.AnswerApprove); err != nil {
		t.Fatal(err)
	}
	if r := ok(s.admin.Users.VerificationPushResponse(ctx, bob.UserID, sent.PushID)).(*duoclient.VerificationResult); r.Result != duoclient.VerificationApprove {
		t.Errorf("verification %+v", r)
	}
	for name, list := range map[string]func() int{
		"administrators": func() int { return count(t, s.admin.Administrators.List(ctx)) },
		"integrations":   func() int { return count(t, s.admin.Integrations.List(ctx)) },
		"actions":        func() int { return count(t, s.admin.Logs.Administrator(ctx, time.Time{})) },
	} {
		if list() == 0 {
			t.Errorf("no %s", name)
		}
	}
	ok(gather(s.admin.Logs.Authentication(ctx, duoclient.AuthLogFilter{})))
	ok(gather(s.admin.Logs.Telephony(ctx, time.Time{}, time.Time{})))
	ok(gather(s.admin.WebAuthn.List(ctx)))
	ok(s.admin.Info.AuthenticationAttempts(ctx, time.Time{}, time.Time{}))
	ok(s.admin.Info.TelephonyCreditsUsed(ctx, time.Time{}, time.Time{}))
}
