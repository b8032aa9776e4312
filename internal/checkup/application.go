package checkup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/config"
	"mfaserver/internal/secret"
)

// api is one of Duo's APIs.
type api string

const (
	universal api = "universal"
	auth      api = "auth"
	admin     api = "admin"
	accounts  api = "accounts"
)

// apis are all, those whose answers say most in front.
func apis() []api { return []api{auth, admin, accounts, universal} }

// name is what Duo's panel calls an application of the API.
func (a api) name() string {
	switch a {
	case universal:
		return "Web SDK (Universal Prompt)"
	case auth:
		return "Auth API"
	case admin:
		return "Admin API"
	default:
		return "Accounts API"
	}
}

// application is one set of credentials: key, secret, host.
type application struct {
	subject string // where it stands
	section string // the part of subject before the API
	api     api
	key     string
	secret  secret.Secret
	host    string
	account string // child account, with the keys of the Accounts API
}

// keyName and secretName are the settings' names.
func (a application) keyName() string {
	if a.api == universal {
		return "client_id"
	}
	return "integration_key"
}

func (a application) secretName() string {
	if a.api == universal {
		return "client_secret"
	}
	return "secret_key"
}

// as is the same pair asked at another API.
func (a application) as(other api) application {
	a.api = other
	return a
}

// orgSection is where an organisation stands.
func orgSection(o config.Organization) string { return "organizations." + o.Name }

// applications are those configured, in the order of the file.
func applications(c *config.Config) []application {
	var out []application
	add := func(section string, a api, key string, s secret.Secret, host string) {
		if key != "" {
			out = append(out, application{section + "." + string(a), section, a, key, s, host, ""})
		}
	}
	app := func(section string, a api, c config.API) {
		add(section, a, c.IntegrationKey, c.SecretKey, c.APIHostname)
	}
	u := c.Duo.Universal
	add("duo", universal, u.ClientID, u.ClientSecret, u.APIHostname)
	app("duo", auth, c.Duo.Auth)
	app("duo", admin, c.Duo.Admin)
	app("duo", accounts, c.Duo.Accounts)
	for _, o := range c.Organizations {
		add(orgSection(o), universal, o.Universal.ClientID, o.Universal.ClientSecret, o.Universal.APIHostname)
		app(orgSection(o), auth, o.Auth)
		app(orgSection(o), admin, o.Admin)
	}
	return out
}

// absent says what is not configured, and what it would be good for.
func (r *run) absent() []Finding {
	var out []Finding
	for _, row := range []struct {
		app config.API
		api api
		use string
	}{
		{r.settings.Duo.Auth, auth, "the commands `duo auth` and logins by push or passcode need it"},
		{r.settings.Duo.Admin, admin, "enrolment, reports and bypass codes of the default organisation need it"},
		{r.settings.Duo.Accounts, accounts, "child accounts need it"},
	} {
		if !row.app.Configured() {
			out = append(out, Finding{Subject: "duo." + string(row.api), Level: OK, Text: "not configured; " + row.use})
		}
	}
	return out
}

// clientOptions are the options with Duo's clock, when ours is known to be
// wrong.
func (r *run) clientOptions() []duoclient.Option {
	clock := duoclient.WithClock(r.now)
	if r.skew > tolerable || r.skew < -tolerable {
		clock = duoclient.WithClock(func() time.Time { return r.now().Add(-r.skew) })
	}
	return append(slices.Clip(r.options), clock)
}

func (r *run) apiConfig(a application) duoclient.APIConfig {
	return duoclient.APIConfig{
		IntegrationKey: a.key, SecretKey: a.secret, APIHost: a.host, AccountID: a.account,
		CA: r.ca, Simulator: r.settings.Duo.Simulator, HTTPProxy: r.settings.Duo.HTTPProxy,
	}
}

// answer is what Duo said to a pair of keys.
type answer struct {
	err error
	// lacks are the permissions that an Admin API application lacks.
	lacks []string
}

// ask asks the API whether it takes the pair. An Admin API application that
// may do nothing of what is tried is refused.
func (r *run) ask(ctx context.Context, a application) answer {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	switch a.api {
	case universal:
		return answer{err: r.askUniversal(ctx, a)}
	case auth:
		client, err := duoclient.NewAuth(r.apiConfig(a), r.clientOptions()...)
		if err == nil {
			defer client.Close()
			_, err = client.Check(ctx)
		}
		return answer{err: err}
	case admin:
		client, err := duoclient.NewAdmin(r.apiConfig(a), r.clientOptions()...)
		if err != nil {
			return answer{err: err}
		}
		defer client.Close()
		return askAdmin(ctx, client)
	default:
		client, err := duoclient.NewAccounts(r.apiConfig(a), r.clientOptions()...)
		if err != nil {
			return answer{err: err}
		}
		defer client.Close()
		list, err := client.List(ctx)
		if err == nil && a.subject == "duo.accounts" {
			r.keepAccounts(list)
		}
		return answer{err: err}
	}
}

func (r *run) askUniversal(ctx context.Context, a application) error {
	client, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID: a.key, ClientSecret: a.secret, APIHost: a.host,
		CA: r.ca, Simulator: r.settings.Duo.Simulator, HTTPProxy: r.settings.Duo.HTTPProxy,
	}, r.clientOptions()...)
	if err != nil {
		return err
	}
	defer client.Close()
	_, err = client.HealthCheck(ctx)
	return err
}

// askAdmin tries what needs each of the permissions that the commands need.
func askAdmin(ctx context.Context, client *duoclient.Admin) answer {
	var out answer
	granted := false
	for _, try := range []struct {
		permission string
		do         func() error
	}{
		{"Grant read information", func() error { _, err := client.Info.Summary(ctx); return err }},
		{"Grant settings", func() error { _, err := client.Settings.Get(ctx); return err }},
		{"Grant read resource", func() error {
			_, err := client.Call(ctx, http.MethodGet, "/admin/v1/users", url.Values{"limit": {"1"}})
			return err
		}},
	} {
		err := try.do()
		switch {
		case err == nil:
			granted = true
		case forbidden(err) && !otherType(err):
			out.lacks = append(out.lacks, try.permission)
			out.err = cmp.Or(out.err, err)
		default:
			return answer{err: err}
		}
	}
	if granted {
		out.err = nil
	}
	return out
}

// refused gives Duo's refusal, nil when err is none.
func refused(err error) *duoclient.APIError {
	e, ok := errors.AsType[*duoclient.APIError](err)
	if !ok {
		return nil
	}
	return e
}

func forbidden(err error) bool {
	e := refused(err)
	return e != nil && e.HTTPStatus == http.StatusForbidden
}

// otherType reports Duo's words for keys of another API.
func otherType(err error) bool {
	e := refused(err)
	return e != nil && strings.Contains(strings.ToLower(e.Detail), "integration type")
}

// code is Duo's code, 0 without one.
func code(err error) int {
	if e := refused(err); e != nil {
		return e.Code
	}
	return 0
}

// application checks one set of credentials.
func (r *run) application(ctx context.Context, a application) []Finding {
	if why, ok := r.down[a.host]; ok {
		return []Finding{{
			Subject: a.subject, Level: Fail, Text: "not checked: " + why,
			Advice: "See to host " + a.host + " first.",
		}}
	}
	got := r.ask(ctx, a)
	if got.err != nil {
		return []Finding{r.explain(ctx, a, got.err)}
	}
	text := fmt.Sprintf("Duo takes %s and %s at %s", a.keyName(), a.secretName(), a.host)
	out := []Finding{{Subject: a.subject, Level: OK, Text: text}}
	if a.api == admin {
		r.keepWorking(a.subject)
		out = append(out, lacking(a.subject, got.lacks)...)
	}
	return out
}

// lacking warns of permissions that some commands need.
func lacking(subject string, permissions []string) []Finding {
	var out []Finding
	for _, p := range permissions {
		out = append(out, Finding{
			Subject: subject, Level: Warn, Text: "the application has no permission `" + p + "`",
			Advice: "Tick " + p + " on the application's page in Duo's panel if you want the commands that need it.",
		})
	}
	return out
}

func (r *run) keepWorking(subject string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.works == nil {
		r.works = make(map[string]bool)
	}
	r.works[subject] = true
}
