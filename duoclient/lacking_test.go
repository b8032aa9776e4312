package duoclient_test

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// answered is a call, and what Duo might answer that is of no use.
type answered struct {
	name      string
	responses []string
	call      func(ctx ctxT, c apiClients) error
}

func useless() []answered {
	auth := duoclient.AuthParams{Username: "b", Factor: duoclient.FactorPush}
	one := `{"user_id":"` + userID + `"}`
	return []answered{
		{"ping", []string{`{}`, `{"time":null}`}, func(ctx ctxT, c apiClients) error { return second(c.auth.Ping(ctx)) }},
		{"check", []string{`{}`, `{"time":0}`}, func(ctx ctxT, c apiClients) error { return second(c.auth.Check(ctx)) }},
		{"preauth", []string{`{}`, `{"result":""}`}, func(ctx ctxT, c apiClients) error {
			return second(c.auth.Preauth(ctx, duoclient.PreauthParams{Username: "b"}))
		}},
		{"auth", []string{`{}`, `{"result":""}`, `{"result":"waiting","status":"pushed","status_msg":"Pushed"}`}, func(ctx ctxT, c apiClients) error {
			return second(c.auth.Auth(ctx, auth))
		}},
		{"auth async", []string{`{}`, `{"txid":""}`}, func(ctx ctxT, c apiClients) error { return second(c.auth.AuthAsync(ctx, auth)) }},
		{"auth status", []string{`{}`, `"allow"`}, func(ctx ctxT, c apiClients) error { return second(c.auth.AuthStatus(ctx, txid)) }},
		{"enroll", []string{`{}`, one, `{"activation_code":"duo://x"}`}, func(ctx ctxT, c apiClients) error {
			return second(c.auth.Enroll(ctx, duoclient.EnrollParams{}))
		}},
		{"enroll by mail", []string{`1`, `null`, `{}`, `["x"]`}, func(ctx ctxT, c apiClients) error {
			return second(c.admin.Users.Enroll(ctx, "bob", "b@example.org", 0))
		}},
		{"enroll status", []string{`1`, `null`, `{}`}, func(ctx ctxT, c apiClients) error {
			return second(c.auth.EnrollStatus(ctx, userID, "duo://x"))
		}},
		{"account list", []string{`{}`, `"x"`, `[1]`, `["x"]`}, func(ctx ctxT, c apiClients) error { return second(c.accounts.List(ctx)) }},
		{"account create", []string{`{}`, `{"name":"x"}`}, func(ctx ctxT, c apiClients) error { return second(c.accounts.Create(ctx, "x")) }},
		{"user get", []string{`[]`, `"x"`, `1`}, func(ctx ctxT, c apiClients) error { return second(c.admin.Users.Get(ctx, userID)) }},
		{"users bulk", []string{`{}`, `"x"`, `[1]`}, func(ctx ctxT, c apiClients) error {
			return second(c.admin.Users.BulkCreate(ctx, []duoclient.UserParams{{Username: "a"}}))
		}},
		{"bypass codes", []string{`{}`, `[]`, `[""]`, `[null]`, `[{}]`, `"123"`}, func(ctx ctxT, c apiClients) error {
			return second(c.admin.Users.CreateBypassCodes(ctx, userID, duoclient.BypassParams{Count: 1}))
		}},
		{"verification push", []string{`{}`, `{"confirmation_code":"123"}`}, func(ctx ctxT, c apiClients) error {
			return second(c.admin.Users.SendVerificationPush(ctx, userID, phoneID))
		}},
		{"verification answer", []string{`{}`, `{"push_id":"x"}`}, func(ctx ctxT, c apiClients) error {
			return second(c.admin.Users.VerificationPushResponse(ctx, userID, txid))
		}},
		{"activation link", []string{`{}`, `{"valid_secs":1}`}, func(ctx ctxT, c apiClients) error {
			return second(c.admin.Phones.ActivationURL(ctx, phoneID, duoclient.ActivationParams{}))
		}},
		{"secret key", []string{`{}`, `{"secret_key":""}`}, func(ctx ctxT, c apiClients) error {
			return second(c.admin.Integrations.SecretKey(ctx, integrationKey))
		}},
		{"activity log", []string{`{}`, `[]`, `{"items":1}`, `{"items":[],"metadata":{"next_offset":{}}}`, `{"items":[1]}`}, func(ctx ctxT, c apiClients) error {
			return second(gather(c.admin.Logs.Activity(ctx, noon.Add(-time.Hour), noon)))
		}},
		{"administrators' log", []string{`{}`, `"x"`, `[` + strings.Repeat(`{"action":"x"},`, 999) + `{"action":"y"}]`}, func(ctx ctxT, c apiClients) error {
			return second(gather(c.admin.Logs.Administrator(ctx, noon)))
		}},
	}
}

// An answer without what was asked for is none: no caller takes its zero for
// one.
func TestUselessAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range useless() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			c := newAPIClients(t, fake.config(t), duoclient.WithSleep((&naps{}).sleep))
			for _, response := range tt.responses {
				fake.set(good(response))
				if err := tt.call(t.Context(), c); !errors.Is(err, duoclient.ErrMalformedResponse) {
					t.Errorf("%.60s: %v, want %v", response, err, duoclient.ErrMalformedResponse)
				}
			}
		})
	}
}

// A logo is an image by what it says and by what it is.
func TestLogoIsAnImage(t *testing.T) {
	t.Parallel()
	const png = "\x89PNG\r\n\x1a\nrest"
	for name, tt := range map[string]struct {
		kind, body string
		want       error
	}{
		"good":      {"image/png", png, nil},
		"of a page": {"text/html", png, duoclient.ErrMalformedResponse},
		"a page":    {"image/png", "<html>", duoclient.ErrMalformedResponse},
	} {
		fake := newAPIFake(t)
		fake.set(func(_ int, _ apiRequest, w http.ResponseWriter) {
			w.Header().Set("Content-Type", tt.kind)
			_, _ = w.Write([]byte(tt.body))
		})
		c := newAPIClients(t, fake.config(t))
		if _, err := c.auth.Logo(t.Context()); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// Whatever cannot be built is an error of the constructor, of every kind.
func TestNewRefusesFaults(t *testing.T) {
	t.Parallel()
	config := newAPIFake(t).config(t)
	config.APIHost = "https://elsewhere"
	_, auth := duoclient.NewAuth(config)
	_, admin := duoclient.NewAdmin(config)
	_, accounts := duoclient.NewAccounts(config)
	for name, err := range map[string]error{"auth": auth, "admin": admin, "accounts": accounts} {
		if !errors.Is(err, duoclient.ErrConfig) {
			t.Errorf("%s: %v, want %v", name, err, duoclient.ErrConfig)
		}
	}
}

// What Duo sends is read as one object, and the error says which rule it
// breaks.
func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"stat":"OK","stat":"OK","response":{}}`:         "answer: ",
		"{\"stat\":\"OK\",\"response\":{\"a\":\"\xff\"}}": "answer: ",
		`{"stat":"OK","response":{}`:                      "answer: ",
		`[{"stat":"OK"}]`:                                 "answer: ",
		`{"stat":"ok","response":{}}`:                     "answer without stat OK",
		`{"stat":"OK"}`:                                   "answer without response",
	} {
		if _, _, err := duoclient.Envelope(http.StatusOK, []byte(body)); !errors.Is(err, duoclient.ErrMalformedResponse) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", body, err, want)
		}
	}
}

// A code that nobody knows is sorted by its first digits.
func TestUnknownCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]error{
		40999: duoclient.ErrDuplicate, 40499: duoclient.ErrNotFound, 40199: duoclient.ErrMisconfigured, 40399: duoclient.ErrMisconfigured,
		40099: duoclient.ErrBadParameter,
	} {
		fake := newAPIFake(t)
		fake.set(bad(code, "unheard of", ""))
		c := newAPIClients(t, fake.config(t))
		if _, err := c.admin.Users.Get(t.Context(), userID); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", code, err, want)
		}
	}
}

// What JSON cannot say is an error, and nothing is sent.
func TestBodyThatIsNoJSON(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t))
	_, err := c.admin.CallJSON(t.Context(), http.MethodPost, "/admin/v2/policies", map[string]any{"x": math.Inf(1)})
	if !errors.Is(err, duoclient.ErrArgument) || !errors.Is(err, duoclient.ErrNotSent) || len(fake.seen()) != 0 {
		t.Errorf("%v with %d requests, want ErrArgument and none", err, len(fake.seen()))
	}
	if _, err := (duoclient.Settings{UserTelephonyCostMax: math.NaN()}).MarshalJSON(); err == nil {
		t.Error("a number that is none was written")
	}
}

// Of an answer of the prompt's endpoints that is no object the error says so.
func TestPromptAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "<html>", "[]", `{"stat":"OK","stat":"OK"}`} {
		f := newFake(t)
		f.answerHealth(reply(http.StatusOK, body))
		f.answerToken(reply(http.StatusOK, body))
		u := f.client(t)
		_, health := u.HealthCheck(t.Context())
		_, exchange := u.Exchange(t.Context(), asked())
		for name, err := range map[string]error{"health check": health, "exchange": exchange} {
			if !errors.Is(err, duoclient.ErrMalformedResponse) || !strings.Contains(err.Error(), "HTTP 200: ") || !strings.Contains(err.Error(), "JSON") {
				t.Errorf("%s of %q: %v", name, body, err)
			}
		}
	}
}
