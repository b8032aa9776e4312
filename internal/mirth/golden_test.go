package mirth_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mfaserver/internal/mirth"
)

// update rewrites the golden files that hold our own words (ours-*). Those
// recorded from an engine are never written.
var update = flag.Bool("update", false, "rewrite the golden files named ours-*")

const goldenDir = "../../testdata/mirth"

const (
	recordedAuthURL = `https://api-12345678.duosecurity.com/oauth/v1/authorize?response_type=code` +
		`&client_id=DIXXX&request=a.b.c&state=x%2By<z>"q"'é`
	expired = "Your password has expired. "
)

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func recordedDuo() mirth.DuoLoginStatus {
	return mirth.DuoLoginStatus{
		Status: mirth.StatusFail, ClientPluginClass: "com.mirth.connect.plugins.mfa.DuoClientPlugin",
		PrimaryStatus: mirth.StatusSuccess, APIHostname: "api-12345678.duosecurity.com",
		AuthURL: recordedAuthURL, RedirectURI: "https://127.0.0.1:18445/callback?x=1&y=2",
	}
}

func duoWithMessage() mirth.DuoLoginStatus {
	s := recordedDuo()
	s.Message, s.UpdatedUsername = "Second factor & more <needed>\nline 2", "updated-duomsg1"
	return s
}

func duoWithoutRedirect() mirth.DuoLoginStatus {
	s := recordedDuo()
	s.RedirectURI = ""
	return s
}

func publishedDuo() mirth.DuoLoginStatus {
	const callback = "https://localhost:8443/api/4.5.0/extensions/mfa/duocallback"
	return mirth.DuoLoginStatus{
		Status: mirth.StatusFail, Message: "Duo authentication required.", PrimaryStatus: mirth.StatusGracePeriod,
		APIHostname: "api-12345678.duosecurity.com",
		AuthURL: "https://api-12345678.duosecurity.com/oauth/v1/authorize?scope=openid&response_type=code" +
			"&redirect_uri=" + callback + "&client_id=DIXXXXXXXXXXXXXXXXXX&request=a.b.c",
		RedirectURI: callback,
	}
}

func extended() mirth.ExtendedLoginStatus {
	return mirth.ExtendedLoginStatus{
		Status: mirth.StatusFail, Message: "challenge-token-abc&def",
		ClientPluginClass: "com.mirth.connect.plugins.mfastub.StubMfaClientPlugin",
	}
}

func admin(ms int64) mirth.User { return mirth.User{ID: 1, Username: "admin", LastLogin: at(ms)} }

func member(id int, name string) mirth.User {
	return mirth.User{ID: id, Username: name, Email: name + "@example.org", FirstName: "F", LastName: "L & M"}
}

func recordedUsers() mirth.UserList {
	list := mirth.UserList{
		admin(1795309737939), member(2, "duo1"), member(3, "duomsg1"), member(4, "ext1"), member(5, "upd1"),
	}
	list[1].LastLogin = at(1795309733291)
	list[2].NoStrikeCount, list[3].NoStrikeCount = true, true
	return list
}

// goldens maps each golden file to the value it stands for. Names that begin
// with a number are recorded cases.
func goldens() map[string]mirth.Encoder {
	plain := func(s mirth.Status, message, updated string) mirth.LoginStatus {
		return mirth.LoginStatus{Status: s, Message: message, UpdatedUsername: updated}
	}
	ok := plain(mirth.StatusSuccess, "", "")
	wrong := plain(mirth.StatusFail, "Incorrect username or password.", "")
	locked := plain(mirth.StatusFailLockedOut,
		`User account "admin" has been locked. You may attempt to login again in 59 minutes.`, "")
	over := plain(mirth.StatusFailExpired, expired+"Please contact an administrator to have your password reset.", "")
	notAccepted := plain(mirth.StatusFail, "Second factor was not accepted.", "")
	duo1 := member(2, "duo1")
	duo1.LastLogin = at(1795309733291)
	grace := admin(1795309520725)
	grace.GracePeriodStart = at(1795309519606)
	return map[string]mirth.Encoder{
		"01a-login-ok-accept.xml":      ok,
		"01b-login-ok-accept.json":     ok,
		"02a-login-wrong-password.xml": wrong, "02b-login-wrong-password.json": wrong,
		"05a-current.xml": admin(1795308772474), "05b-current.json": admin(1795308772474),
		"05p-users-list.xml":               mirth.UserList{admin(1795308772474)},
		"05p2-users-list.json":             mirth.UserList{admin(1795308772474)},
		"05r-user-1-loggedIn.xml":          mirth.Boolean(true),
		"07b-server-status-no-session.xml": mirth.Int(0), "07b2-server-status-no-session.json": mirth.Int(0),
		"08a-lockout-wrong-1.xml": plain(mirth.StatusFail, "Incorrect username or password. "+
			`3 login attempt(s) remaining for "admin" until the account is locked for 1 hour.`, ""),
		"08e-lockout-right-password-while-locked.xml":  locked,
		"08f-lockout-right-password-while-locked.json": locked,
		"08i-password-expired-in-grace-period.json": plain(mirth.StatusGracePeriod,
			expired+"You are required to change your password in the next 239 hours.", ""),
		"08i-password-expired-in-grace-period.xml": plain(mirth.StatusGracePeriod,
			expired+"You are required to change your password in the next 240 hours.", ""),
		"08i-password-expired-in-grace-period-then-current.xml": grace,
		"08j-password-expired.json": plain(mirth.StatusGracePeriod,
			expired+"Please change your password now.", ""),
		"08k-password-expired-grace-over.xml": over, "08k-password-expired-grace-over.json": over,
		"12a-mfa-leg1-duo.xml": recordedDuo(), "12b-mfa-leg1-duo.json": recordedDuo(),
		"12c-mfa-leg1-duo-no-server-url.xml":                      duoWithoutRedirect(),
		"12c2-mfa-leg1-duo-no-server-url.json":                    duoWithoutRedirect(),
		"12d-mfa-leg1-duo-with-message-and-updatedUsername.xml":   duoWithMessage(),
		"12d2-mfa-leg1-duo-with-message-and-updatedUsername.json": duoWithMessage(),
		"12e-mfa-leg1-wrong-password.xml":                         wrong,
		"12f-mfa-leg1-ExtendedLoginStatus.xml":                    extended(),
		"12f2-mfa-leg1-ExtendedLoginStatus.json":                  extended(),
		"12h-mfa-leg2-ok-same-cookie-user-and-empty-password.xml": plain(mirth.StatusSuccess, "", "duo1"),
		"12i2-mfa-leg2-ok.json":                                   plain(mirth.StatusSuccess, "", "duo1"),
		"12k-mfa-leg2-fail.xml":                                   notAccepted, "12k2-mfa-leg2-fail.json": notAccepted,
		"12l-mfa-leg2-unknown-updated-user.xml": plain(mirth.StatusFail,
			"Could not find a valid user with username: ghost", ""),
		"12p-mfa-leg2-grace.xml": plain(mirth.StatusGracePeriod,
			expired+"Please change your password now.", "duo1"),
		"12s-updatedUsername-success.xml":   plain(mirth.StatusSuccess, "", "admin"),
		"12s3-updatedUsername-success.json": plain(mirth.StatusSuccess, "", "admin"),
		"12t-user-full.xml":                 duo1, "12t2-user-full.json": duo1,
		"12t3-users-list.json":               recordedUsers(),
		"13k-current-username-canonical.xml": admin(1795310453026),
		"ours-users-list.xml":                recordedUsers(),
		"ours-users-none.xml":                mirth.UserList{}, "ours-users-none.json": mirth.UserList{},
		"ours-duo-published.xml": publishedDuo(), "ours-duo-published.json": publishedDuo(),
		"ours-loggedIn.json": mirth.Boolean(false), "ours-loggedIn.xml": mirth.Boolean(false),
	}
}

func formatOf(name string) mirth.Format {
	if strings.HasSuffix(name, ".json") {
		return mirth.FormatJSON
	}
	return mirth.FormatXML
}

// parseLike reads body as the type of like.
func parseLike(like mirth.Encoder, body []byte, contentType string) (mirth.Encoder, error) {
	switch like.(type) {
	case mirth.User:
		return mirth.ParseUser(body, contentType)
	case mirth.UserList:
		return mirth.ParseUserList(body, contentType)
	case mirth.Int:
		return mirth.ParseInt(body, contentType)
	case mirth.Boolean:
		return mirth.ParseBoolean(body, contentType)
	default:
		return mirth.ParseLoginStatus(body, contentType)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, value := range goldens() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := formatOf(name)
			got, err := mirth.Encode(f, value)
			if err != nil {
				t.Fatalf("Encode(%+v): %v", value, err)
			}
			path := filepath.Join(goldenDir, name)
			if *update && strings.HasPrefix(name, "ours-") {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("Encode, -recorded +ours:\n%s", diff)
			}
			back, err := parseLike(value, want, f.ContentType())
			if err != nil {
				t.Fatalf("parse: %v", err)
			}
			if diff := cmp.Diff(value, back); diff != "" {
				t.Errorf("parse, -want +got:\n%s", diff)
			}
		})
	}
}

func TestGoldenCoversAllFiles(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	known := goldens()
	for _, e := range entries {
		if _, ok := known[e.Name()]; !ok {
			t.Errorf("%s is not compared with anything", e.Name())
		}
	}
	if len(entries) != len(known) {
		t.Errorf("%d files, %d values", len(entries), len(known))
	}
}
