package duoclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// revealed is a result as JSON with its secrets.
func revealed(tb testing.TB, v any) string {
	tb.Helper()
	if r, ok := v.(interface{ RevealJSON() ([]byte, error) }); ok {
		text, err := r.RevealJSON()
		if err != nil {
			tb.Fatal(err)
		}
		return string(text)
	}
	return toJSON(tb, v)
}

func TestActionSendsAndReads(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			for _, version := range []duoclient.SignatureVersion{duoclient.SignatureV2, duoclient.SignatureV5} {
				fake.set(good(a.response))
				config := fake.config(t)
				config.Signature = version
				got, err := a.call(t.Context(), newAPIClients(t, config))
				if err != nil {
					t.Fatalf("version %d: %v", version, err)
				}
				if text := revealed(t, got); !strings.Contains(text, a.want) {
					t.Errorf("version %d: result %s, want it to hold %s", version, text, a.want)
				}
				checkRequest(t, a, version, fake.seen())
			}
		})
	}
}

// checkRequest compares what Duo saw.
func checkRequest(t *testing.T, a action, version duoclient.SignatureVersion, seen []apiRequest) {
	t.Helper()
	if len(seen) != 1 {
		t.Fatalf("version %d: %d requests, want 1", version, len(seen))
	}
	got := seen[0]
	if got.Method != a.method || got.Path != a.path {
		t.Errorf("version %d: %s %s, want %s %s", version, got.Method, got.Path, a.method, a.path)
	}
	if got.Signed == a.unsigned || got.Fault != "" {
		t.Errorf("version %d: signed %t, fault %q", version, got.Signed, got.Fault)
	}
	if !sameParams(got.Params, a.params) {
		t.Errorf("version %d: parameters\n%v, want\n%v", version, got.Params, a.params)
	}
	wantType := ""
	if a.method != http.MethodGet && a.method != http.MethodDelete {
		wantType = "application/json"
		if version == duoclient.SignatureV2 {
			wantType = "application/x-www-form-urlencoded"
		}
	}
	if got.ContentType != wantType {
		t.Errorf("version %d: Content-Type %q, want %q", version, got.ContentType, wantType)
	}
	if !a.unsigned && got.Date != "Sun, 01 Nov 2026 12:00:00 +0000" {
		t.Errorf("version %d: Date %q", version, got.Date)
	}
}

func sameParams(got, want url.Values) bool {
	if len(got) != len(want) {
		return false
	}
	for name, values := range want {
		g, w := slices.Clone(got[name]), slices.Clone(values)
		slices.Sort(g)
		slices.Sort(w)
		if !slices.Equal(g, w) {
			return false
		}
	}
	return true
}

// refusals are Duo's words of refusal that are documented, and what they mean.
func refusals() []struct {
	code    int
	message string
	want    error
	advice  string
} {
	return []struct {
		code    int
		message string
		want    error
		advice  string
	}{
		{40001, "Missing required request parameters", duoclient.ErrBadParameter, "Give the parameter"},
		{40002, "Invalid request parameters", duoclient.ErrBadParameter, "Correct the value"},
		{40003, "Duplicate resource", duoclient.ErrDuplicate, "exists already"},
		{40101, "Missing request credentials", duoclient.ErrMisconfigured, "proxy"},
		{40102, "Invalid integration key in request credentials", duoclient.ErrMisconfigured, "integration key"},
		{40103, "Invalid signature in request credentials", duoclient.ErrMisconfigured, "secret key"},
		{40104, "Missing request timestamp", duoclient.ErrMisconfigured, "proxy"},
		{40105, "Bad request timestamp", duoclient.ErrClockSkew, "clock"},
		{40301, "Access forbidden", duoclient.ErrMisconfigured, "API"},
		{40302, "Account disabled", duoclient.ErrMisconfigured, "edition"},
		{40401, "Resource not found", duoclient.ErrNotFound, "no such object"},
		{40501, "Method not allowed", duoclient.ErrBadParameter, "method"},
	}
}

func TestActionRefused(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			c := newAPIClients(t, fake.config(t), duoclient.WithSleep(new(naps).sleep))
			for _, row := range refusals() {
				fake.set(bad(row.code, row.message, "detail"))
				_, err := a.call(t.Context(), c)
				api, ok := errors.AsType[*duoclient.APIError](err)
				if !ok || !errors.Is(err, row.want) {
					t.Fatalf("%d: %v, want %v in an APIError", row.code, err, row.want)
				}
				want := duoclient.APIError{
					Call: a.method + " " + a.path, HTTPStatus: row.code / 100, Code: row.code, Message: row.message, Detail: "detail", Method: a.method, Path: a.path,
				}
				if api.Call != want.Call || api.HTTPStatus != want.HTTPStatus || api.Code != want.Code || api.Message != want.Message ||
					api.Detail != want.Detail || api.Method != want.Method || api.Path != want.Path {
					t.Errorf("%d: APIError = %#v", row.code, api)
				}
				if advice := api.Advice(); !strings.Contains(advice, row.advice) || !strings.HasSuffix(advice, ".") {
					t.Errorf("%d: advice %q, want it to speak of %q", row.code, advice, row.advice)
				}
				if n := len(fake.seen()); n != 1 {
					t.Errorf("%d: %d requests, want 1: a refusal is final", row.code, n)
				}
			}
		})
	}
}

// TestActionSlowedDown: 429 twice, then success.
func TestActionSlowedDown(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			var waits naps
			c := newAPIClients(t, fake.config(t), duoclient.WithSleep(waits.sleep))
			fake.set(func(n int, r apiRequest, w http.ResponseWriter) {
				if n == 1 {
					w.Header().Set("Retry-After", "17")
				}
				if n <= 2 {
					bad(42901, "Too Many Requests", "")(n, r, w)
					return
				}
				good(a.response)(n, r, w)
			})
			got, err := a.call(t.Context(), c)
			seen := fake.seen()
			if a.once {
				api, ok := errors.AsType[*duoclient.APIError](err)
				if !errors.Is(err, duoclient.ErrRateLimited) || !ok || api.RetryAfter != 17*time.Second || api.Code != 42901 || len(seen) != 1 || len(waits.all()) != 0 {
					t.Fatalf("%v after %d requests, want one refusal with its 17 s", err, len(seen))
				}
				return
			}
			if err != nil || len(seen) != 3 {
				t.Fatalf("%v after %d requests, want success at the third", err, len(seen))
			}
			if text := revealed(t, got); !strings.Contains(text, a.want) {
				t.Errorf("result %s, want it to hold %s", text, a.want)
			}
			for _, r := range seen {
				if r.Fault != "" || !sameParams(r.Params, a.params) {
					t.Errorf("request built wrongly: %+v", r)
				}
			}
			w := waits.all()
			if len(w) != 2 || w[0] < 17*time.Second || w[0] >= 18*time.Second || w[1] < 2*time.Second || w[1] >= 3*time.Second {
				t.Errorf("waits %v, want 17 s as asked for and 2 s, up to a second more each", w)
			}
		})
	}
}

// TestActionInTrouble: Duo answers 5xx and does not stop.
func TestActionInTrouble(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			var waits naps
			c := newAPIClients(t, fake.config(t), duoclient.WithSleep(waits.sleep))
			fake.set(func(_ int, _ apiRequest, w http.ResponseWriter) {
				say(w, http.StatusBadGateway, "<html>bad gateway</html>")
			})
			_, err := a.call(t.Context(), c)
			api, ok := errors.AsType[*duoclient.APIError](err)
			if !ok || !errors.Is(err, duoclient.ErrOutage) || api.HTTPStatus != http.StatusBadGateway || !strings.Contains(api.Advice(), "try again later") {
				t.Fatalf("%v, want an outage", err)
			}
			want := 7
			if a.once {
				want = 1
			}
			if n := len(fake.seen()); n != want {
				t.Errorf("%d requests, want %d", n, want)
			}
			for i, w := range waits.all() {
				if least := time.Second << i; w < least || w >= least+time.Second {
					t.Errorf("wait %d is %v, want %v and up to a second", i, w, least)
				}
			}
		})
	}
}

func TestActionCutShort(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			fake.set(cut)
			_, err := a.call(t.Context(), newAPIClients(t, fake.config(t)))
			if !errors.Is(err, duoclient.ErrOutage) || errors.Is(err, duoclient.ErrNotSent) {
				t.Errorf("%v, want an outage", err)
			}
			if n := len(fake.seen()); n != 1 {
				t.Errorf("%d requests, want 1: what Duo did with it is unknown", n)
			}
		})
	}
}

func TestActionCancelled(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			held := make(chan struct{})
			fake.set(func(int, apiRequest, http.ResponseWriter) {
				cancel()
				<-held
			})
			_, err := a.call(ctx, newAPIClients(t, fake.config(t)))
			close(held)
			if !errors.Is(err, context.Canceled) || duoclient.Classify(err) != duoclient.ClassBusy {
				t.Errorf("%v, want the caller's cancel", err)
			}
			if _, err := a.call(ctx, newAPIClients(t, fake.config(t))); !errors.Is(err, context.Canceled) || !errors.Is(err, duoclient.ErrNotSent) {
				t.Errorf("%v, want that nothing was sent", err)
			}
		})
	}
}

// TestActionWaitCancelled: the caller goes while we wait to ask again.
func TestActionWaitCancelled(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			if a.once {
				t.Skip("is sent once")
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			waits := naps{before: func(n int) {
				if n == 2 {
					cancel()
				}
			}}
			fake.set(bad(50000, "Internal error", ""))
			_, err := a.call(ctx, newAPIClients(t, fake.config(t), duoclient.WithSleep(waits.sleep)))
			if !errors.Is(err, context.Canceled) || len(fake.seen()) != 2 {
				t.Errorf("%v after %d requests, want the caller's cancel after 2", err, len(fake.seen()))
			}
		})
	}
}

func TestActionMalformed(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			c := newAPIClients(t, fake.config(t))
			for name, body := range map[string]string{
				"no JSON":          `<html>`,
				"no envelope":      `{}`,
				"a list":           `[]`,
				"no response":      `{"stat":"OK"}`,
				"stat lower case":  `{"stat":"ok","response":` + a.response + `}`,
				"stat twice":       `{"stat":"OK","stat":"OK","response":` + a.response + `}`,
				"other case":       `{"Stat":"OK","Response":` + a.response + `}`,
				"trailing garbage": `{"stat":"OK","response":` + a.response + `}x`,
				"too deep":         `{"stat":"OK","response":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
			} {
				fake.set(func(_ int, _ apiRequest, w http.ResponseWriter) { say(w, http.StatusOK, body) })
				if _, err := a.call(t.Context(), c); !errors.Is(err, duoclient.ErrMalformedResponse) {
					t.Errorf("%s: %v, want a malformed response", name, err)
				}
			}
			for _, status := range []int{http.StatusNoContent, http.StatusFound, http.StatusTeapot, http.StatusCreated} {
				fake.set(func(_ int, _ apiRequest, w http.ResponseWriter) { w.WriteHeader(status) })
				if _, err := a.call(t.Context(), c); !errors.Is(err, duoclient.ErrMalformedResponse) {
					t.Errorf("HTTP %d: %v, want a malformed response", status, err)
				}
			}
			fake.set(func(_ int, _ apiRequest, w http.ResponseWriter) {
				say(w, http.StatusOK, `{"stat":"FAIL","code":"40002","message":"Invalid request parameters"}`)
			})
			if _, err := a.call(t.Context(), c); !errors.Is(err, duoclient.ErrBadParameter) {
				t.Errorf("a refusal with HTTP 200: %v, want it refused", err)
			}
		})
	}
}

// TestActionPaged: 1,050 objects, whole and left in the middle.
func TestActionPaged(t *testing.T) {
	t.Parallel()
	const total = 1050
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			if !a.paged {
				t.Skip("is not paged")
			}
			one := strings.TrimSuffix(strings.TrimPrefix(a.response, "["), "]")
			for form, next := range map[string]func(int) any{
				"a number": func(n int) any { return n }, "a text": func(n int) any { return strconv.Itoa(n) },
			} {
				fake.set(func(_ int, r apiRequest, w http.ResponseWriter) { servePage(w, r, one, total, next) })
				got, err := a.call(t.Context(), newAPIClients(t, fake.config(t)))
				if n := reflect.ValueOf(got).Len(); err != nil || n != total {
					t.Errorf("next_offset %s: %d objects, %v, want %d", form, n, err, total)
				}
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			fake.set(func(n int, r apiRequest, w http.ResponseWriter) {
				if n == 2 {
					cancel()
				}
				servePage(w, r, one, total, func(n int) any { return n })
			})
			if _, err := a.call(ctx, newAPIClients(t, fake.config(t))); !errors.Is(err, context.Canceled) {
				t.Errorf("cancel in the middle: %v", err)
			}
		})
	}
}

// servePage gives the page that was asked for; the last has no next_offset.
func servePage(w http.ResponseWriter, r apiRequest, one string, total int, next func(int) any) {
	limit, _ := strconv.Atoi(r.Params.Get("limit"))
	offset, _ := strconv.Atoi(r.Params.Get("offset"))
	count := max(0, min(limit, total-offset))
	metadata := map[string]any{"total_objects": total}
	if offset+count < total {
		metadata["next_offset"] = next(offset + count)
	}
	list := strings.TrimSuffix(strings.Repeat(one+",", count), ",")
	say(w, http.StatusOK, fmt.Sprintf(`{"stat":"OK","response":[%s],"metadata":%s}`, list, toText(metadata)))
}

func TestAuthLogo(t *testing.T) {
	t.Parallel()
	const png = "\x89PNG\r\n\x1a\n0000"
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t))
	image := func(contentType, body string) func(int, apiRequest, http.ResponseWriter) {
		return func(_ int, _ apiRequest, w http.ResponseWriter) {
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, body)
		}
	}
	fake.set(image("image/png", png))
	if logo, err := c.auth.Logo(t.Context()); err != nil || string(logo) != png {
		t.Errorf("Logo = %q, %v", logo, err)
	}
	if seen := fake.seen(); len(seen) != 1 || seen[0].Path != "/auth/v2/logo" || seen[0].Fault != "" || !seen[0].Signed {
		t.Errorf("Duo saw %+v", seen)
	}
	for name, answer := range map[string]struct {
		give func(int, apiRequest, http.ResponseWriter)
		want error
	}{
		"none":          {bad(40401, "Resource not found", ""), duoclient.ErrNotFound},
		"a page":        {image("text/html", "<html>"), duoclient.ErrMalformedResponse},
		"no PNG":        {image("image/png", "<svg>"), duoclient.ErrMalformedResponse},
		"refused":       {bad(40103, "Invalid signature in request credentials", ""), duoclient.ErrMisconfigured},
		"2 MiB":         {image("image/png", png+strings.Repeat("0", 2<<20)), duoclient.ErrMalformedResponse},
		"200 with FAIL": {image("application/json", `{"stat":"FAIL","code":40401,"message":"Resource not found"}`), duoclient.ErrNotFound},
	} {
		fake.set(answer.give)
		if _, err := c.auth.Logo(t.Context()); !errors.Is(err, answer.want) {
			t.Errorf("%s: Logo = %v, want %v", name, err, answer.want)
		}
	}
}

// TestSlowAnswers: calls that wait for a person have a minute; others do not.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t), duoclient.WithLimits(duoclient.TestLimits{Whole: 100 * time.Millisecond}))
	params := duoclient.AuthParams{Username: "bob", Factor: duoclient.FactorPush}
	slow := func(response string) {
		fake.set(func(n int, r apiRequest, w http.ResponseWriter) {
			timer := time.NewTimer(300 * time.Millisecond)
			defer timer.Stop()
			<-timer.C
			good(response)(n, r, w)
		})
	}
	slow(`{"result":"allow","status":"allow","status_msg":""}`)
	if r, err := c.auth.Auth(t.Context(), params); err != nil || !r.Allowed() {
		t.Errorf("Auth = %v, %v", r, err)
	}
	if r, err := c.auth.AuthStatus(t.Context(), txid); err != nil || !r.Allowed() {
		t.Errorf("AuthStatus = %v, %v", r, err)
	}
	slow(`{"txid":"` + txid + `","time":1}`)
	if _, err := c.auth.AuthAsync(t.Context(), params); !errors.Is(err, duoclient.ErrOutage) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("AuthAsync = %v, want a time-out", err)
	}
	if _, err := c.auth.Check(t.Context()); !errors.Is(err, duoclient.ErrOutage) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Check = %v, want a time-out", err)
	}
}

// TestBodyLimits: 64 KiB, and 8 MiB for lists.
func TestBodyLimits(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	c := newAPIClients(t, fake.config(t))
	user := func(size int) string {
		return `{"user_id":"` + userID + `","notes":"` + strings.Repeat("n", size) + `"}`
	}
	fake.set(good(user(60 << 10)))
	if _, err := c.admin.Users.Get(t.Context(), userID); err != nil {
		t.Errorf("60 KiB: %v", err)
	}
	fake.set(good(user(64 << 10)))
	if _, err := c.admin.Users.Get(t.Context(), userID); !errors.Is(err, duoclient.ErrMalformedResponse) {
		t.Errorf("64 KiB and some: %v, want it refused", err)
	}
	fake.set(good("[" + user(7<<20) + "]"))
	if _, err := gather(c.admin.Users.List(t.Context(), duoclient.UserFilter{})); err != nil {
		t.Errorf("7 MiB: %v", err)
	}
	fake.set(good("[" + user(8<<20) + "]"))
	if _, err := gather(c.admin.Users.List(t.Context(), duoclient.UserFilter{})); !errors.Is(err, duoclient.ErrMalformedResponse) {
		t.Errorf("8 MiB and some: %v, want it refused", err)
	}
}

// TestRetryWithinDeadline: no wait that outlasts the caller is begun.
func TestRetryWithinDeadline(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	var waits naps
	c := newAPIClients(t, fake.config(t), duoclient.WithSleep(waits.sleep))
	fake.set(func(n int, r apiRequest, w http.ResponseWriter) {
		w.Header().Set("X-Retry-After", "30")
		bad(42901, "Too Many Requests", "")(n, r, w)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := c.admin.Users.Get(ctx, userID)
	api, ok := errors.AsType[*duoclient.APIError](err)
	if !ok || !errors.Is(err, duoclient.ErrRateLimited) || api.RetryAfter != 30*time.Second || len(waits.all()) != 0 {
		t.Errorf("%v after waits %v, want the refusal at once", err, waits.all())
	}
	if want := "Duo asks to slow down; try again in 30s."; api.Advice() != want {
		t.Errorf("advice %q, want %q", api.Advice(), want)
	}
}

// TestChildAccount: account_id is among the signed parameters of every call.
func TestChildAccount(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			if !strings.HasPrefix(a.path, "/admin/") {
				t.Skip("is no call of the Admin API")
			}
			for _, version := range []duoclient.SignatureVersion{duoclient.SignatureV2, duoclient.SignatureV5} {
				fake.set(good(a.response))
				config := fake.config(t)
				config.Signature = version
				accounts, err := duoclient.NewAccounts(config, duoclient.WithClock(clockAt(noon)))
				if err != nil {
					t.Fatal(err)
				}
				defer accounts.Close()
				child, err := accounts.Admin(duoclient.Account{AccountID: accountID, APIHost: fake.host()})
				if err != nil {
					t.Fatal(err)
				}
				defer child.Close()
				if _, err := a.call(t.Context(), apiClients{admin: child}); err != nil {
					t.Fatal(err)
				}
				want := url.Values{"account_id": {accountID}}
				maps.Copy(want, a.params)
				seen := fake.seen()
				if len(seen) != 1 || seen[0].Fault != "" || !sameParams(seen[0].Params, want) {
					t.Errorf("version %d: Duo saw %+v, want %v", version, seen, want)
				}
				if child.AccountID() != accountID || child.APIHost() != fake.host() {
					t.Errorf("child is %s at %s", child.AccountID(), child.APIHost())
				}
			}
		})
	}
}

// TestKinds: every action says which object it means.
func TestActionJSONRoundTrip(t *testing.T) {
	t.Parallel()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			fake.set(good(a.response))
			got, err := a.call(t.Context(), newAPIClients(t, fake.config(t)))
			if err != nil {
				t.Fatal(err)
			}
			v := reflect.ValueOf(got)
			if v.Kind() != reflect.Pointer {
				t.Skip("is no object")
			}
			text := revealed(t, got)
			again := reflect.New(v.Type().Elem()).Interface()
			if err := json.Unmarshal([]byte(text), again); err != nil {
				t.Fatal(err)
			}
			if back := revealed(t, again); back != text {
				t.Errorf("read back: %s, want %s", back, text)
			}
		})
	}
}
