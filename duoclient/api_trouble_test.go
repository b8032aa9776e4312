package duoclient_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

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
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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

// TestActionSlowedDown: 429 twice, then success.
func TestActionSlowedDown(t *testing.T) {
	t.Parallel()
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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

// TestActionInTrouble: Duo answers 5xx and does not stop.
func TestActionInTrouble(t *testing.T) {
	t.Parallel()
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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

func TestActionCutShort(t *testing.T) {
	t.Parallel()
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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

func TestActionCancelled(t *testing.T) {
	t.Parallel()
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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

// TestActionWaitCancelled: the caller goes while we wait to ask again.
func TestActionWaitCancelled(t *testing.T) {
	t.Parallel()
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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

func TestActionMalformed(t *testing.T) {
	t.Parallel()
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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
