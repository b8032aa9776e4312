package checkup_test

import (
	"fmt"
	"strings"
	"testing"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/checkup"
	"mfaserver/internal/config"
	"mfaserver/internal/secret"
)

// parts of a set of credentials.
type parts struct {
	key    *string
	secret *secret.Secret
	host   *string
}

// places gives every set of credentials of the configuration.
func (b *bench) places() map[string]parts {
	d := &b.settings.Duo
	o := &b.settings.Organizations[1]
	api := func(a *config.API) parts { return parts{&a.IntegrationKey, &a.SecretKey, &a.APIHostname} }
	uni := func(u *config.Universal) parts { return parts{&u.ClientID, &u.ClientSecret, &u.APIHostname} }
	return map[string]parts{
		"duo.universal": uni(&d.Universal), "duo.auth": api(&d.Auth), "duo.admin": api(&d.Admin), "duo.accounts": api(&d.Accounts),
		"organizations.clinic-b.universal": uni(&o.Universal), "organizations.clinic-b.auth": api(&o.Auth),
		"organizations.clinic-b.admin": api(&o.Admin),
	}
}

// Each credential wrong in turn: the sentence names which one it is.
func TestEachCredentialWrong(t *testing.T) {
	t.Parallel()
	const otherKey = "DIWRONGWRONGWRONG000"
	for subject := range start(t, duotest.Config{}).places() {
		keyName, secretName := "integration_key", "secret_key"
		if strings.HasSuffix(subject, "universal") {
			keyName, secretName = "client_id", "client_secret"
		}
		for _, row := range []struct {
			what         string
			change       func(parts)
			text, advice string
		}{
			{"key", func(p parts) { *p.key = otherKey }, "Duo does not know " + keyName + " " + otherKey, "Compare " + keyName + " and api_hostname"},
			{"secret", func(p parts) { *p.secret = secret.New(wrongSecret) }, secretName + " is not the one of " + keyName, "Copy the secret again"},
			{"unreachable host", func(p parts) { *p.host = "127.0.0.1:1" }, "not checked: 127.0.0.1:1 cannot be reached", "See to host 127.0.0.1:1 first."},
			{"host of another account", nil, "api_hostname is wrong: Duo takes these keys at ", "Write api_hostname: "},
		} {
			t.Run(subject+" "+row.what, func(t *testing.T) {
				t.Parallel()
				b := start(t, duotest.Config{})
				switch place := b.places()[subject]; {
				case row.change != nil:
					row.change(place)
				case *place.host == b.APIHost:
					*place.host = b.child.APIHost()
				default:
					*place.host = b.APIHost
				}
				report := b.run(t)
				f := finding(t, report, subject, checkup.Fail)
				if !strings.Contains(f.Text, row.text) || !strings.Contains(f.Advice, row.advice) || report.OK() {
					t.Errorf("%s. %s\nwant %q and %q", f.Text, f.Advice, row.text, row.advice)
				}
				for _, other := range report.Findings {
					dependent := strings.HasPrefix(other.Subject, "host 127.0.0.1:1") || subject == "duo.accounts" && other.Subject == "organizations.clinic-a"
					if other.Level == checkup.Fail && other.Subject != subject && !dependent {
						t.Errorf("also %+v", other)
					}
				}
			})
		}
	}
}

// Credentials of one API in the place of another: the sentence names the right
// one.
func TestMisplaced(t *testing.T) {
	t.Parallel()
	names := map[string]string{
		"universal": "Web SDK (Universal Prompt)", "auth": "Auth API", "admin": "Admin API", "accounts": "Accounts API",
	}
	for a := range names {
		for c := range names {
			if a >= c {
				continue
			}
			t.Run(a+" and "+c+" exchanged", func(t *testing.T) {
				t.Parallel()
				b := start(t, duotest.Config{})
				x, y := b.places()["duo."+a], b.places()["duo."+c]
				*x.key, *y.key, *x.secret, *y.secret = *y.key, *x.key, *y.secret, *x.secret
				report := b.run(t)
				for here, there := range map[string]string{a: c, c: a} {
					f := finding(t, report, "duo."+here, checkup.Fail)
					text := fmt.Sprintf("these are the keys of an application of type %s; here belong those of type %s", names[there], names[here])
					advice := fmt.Sprintf("Exchange duo.%s and duo.%s", here, there)
					if f.Text != text || !strings.Contains(f.Advice, advice) {
						t.Errorf("%s. %s\nwant %s. %s", f.Text, f.Advice, text, advice)
					}
				}
			})
			t.Run("secrets of "+a+" and "+c+" exchanged", func(t *testing.T) {
				t.Parallel()
				b := start(t, duotest.Config{})
				x, y := b.places()["duo."+a], b.places()["duo."+c]
				*x.secret, *y.secret = *y.secret, *x.secret
				report := b.run(t)
				for here, there := range map[string]string{a: c, c: a} {
					f := finding(t, report, "duo."+here, checkup.Fail)
					if !strings.Contains(f.Text, "is not: the one of this key stands under duo."+there) {
						t.Errorf("%s. %s", f.Text, f.Advice)
					}
				}
			})
		}
		t.Run("keys of "+a+" in two places", func(t *testing.T) {
			t.Parallel()
			b := start(t, duotest.Config{})
			there := "auth"
			if a == there {
				there = "admin"
			}
			x, y := b.places()["duo."+a], b.places()["duo."+there]
			*y.key, *y.secret = *x.key, *x.secret
			f := finding(t, b.run(t), "duo."+there, checkup.Fail)
			if !strings.Contains(f.Text, "type "+names[a]) || !strings.Contains(f.Advice, "Move them to duo."+a) {
				t.Errorf("%s. %s", f.Text, f.Advice)
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	b := start(t, duotest.Config{})
	some := b.AddIntegration(duotest.Integration{Type: duotest.TypeAdmin, Permissions: []duotest.Permission{duotest.GrantInfo}})
	none := b.AddIntegration(duotest.Integration{Type: duotest.TypeAdmin, Permissions: []duotest.Permission{}})
	b.secrets = append(b.secrets, some.Secret, none.Secret)
	b.settings.Duo.Admin = app(some.Key, some.Secret, b.APIHost)
	report := b.run(t)
	finding(t, report, "duo.admin", checkup.OK)
	if f := finding(t, report, "duo.admin", checkup.Warn); !strings.Contains(f.Text, "Grant settings") || report.Count(checkup.Warn) != 3 {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
	b.settings.Duo.Admin = app(none.Key, none.Secret, b.APIHost)
	if f := finding(t, b.run(t), "duo.admin", checkup.Fail); !strings.Contains(f.Text, "the application may do nothing") {
		t.Errorf("%s. %s", f.Text, f.Advice)
	}
}
