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
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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

// TestActionPaged: 1,050 objects, whole and left in the middle.
func TestActionPaged(t *testing.T) {
	t.Parallel()
	const total = 1050
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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

// TestChildAccount: account_id is among the signed parameters of every call.
func TestChildAccount(t *testing.T) {
	t.Parallel()
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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

// TestKinds: every action says which object it means.
func TestActionJSONRoundTrip(t *testing.T) {
	t.Parallel()
	everyAction(t, func(x trial) {
		t, a, fake := x.t, x.a, x.fake
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
