package duoclient_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// TestAdvice: what to do next, where the code alone does not say it.
func TestAdvice(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err  duoclient.APIError
		want string
	}{
		"another API, admin":    {duoclient.APIError{HTTPStatus: 403, Code: 40301, Path: "/admin/v1/users", Detail: "Wrong integration type for this API."}, "one of type Admin API"},
		"another API, auth":     {duoclient.APIError{HTTPStatus: 403, Code: 40301, Path: "/auth/v2/check", Detail: "Wrong integration type for this API."}, "one of type Auth API"},
		"another API, accounts": {duoclient.APIError{HTTPStatus: 403, Code: 40301, Path: "/accounts/v1/account/list", Detail: "Wrong integration type for this API."}, "one of type Accounts API"},
		"permission":            {duoclient.APIError{HTTPStatus: 403, Code: 40301, Path: "/admin/v1/settings"}, "Grant the Admin API application the permission"},
		"parameter":             {duoclient.APIError{HTTPStatus: 400, Code: 40002, Detail: "username"}, "Duo names: username."},
		"parameter unnamed":     {duoclient.APIError{HTTPStatus: 400, Code: 40002}, "does not say which"},
		"429":                   {duoclient.APIError{HTTPStatus: 429, Code: 42901}, "in a minute"},
		"401 without code":      {duoclient.APIError{HTTPStatus: 401}, "Check integration key"},
		"unknown":               {duoclient.APIError{HTTPStatus: 418, Code: 41800}, "against Duo's words"},
	} {
		if got := row.err.Advice(); !strings.Contains(got, row.want) {
			t.Errorf("%s: %q, want it to say %q", name, got, row.want)
		}
	}
	f := newFake(t)
	f.answerHealth(reply(400, `{"code":40002,"message":"invalid_client","stat":"FAIL","timestamp":1793534400}`))
	_, err := f.client(t).HealthCheck(t.Context())
	if api, ok := errors.AsType[*duoclient.APIError](err); !ok || !strings.Contains(api.Advice(), "client secret") {
		t.Errorf("health check: %v", err)
	}
}

// TestSkewIsTold: a refused timestamp says how far the clocks are apart.
func TestSkewIsTold(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(func(_ int, _ apiRequest, w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Date", noon.Add(-6*time.Minute).Format(http.TimeFormat))
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, `{"code": 40105, "message": "Bad request timestamp", "stat": "FAIL"}`)
	})
	_, err := newAPIClients(t, fake.config(t)).auth.Check(t.Context())
	if !errors.Is(err, duoclient.ErrClockSkew) || !strings.HasSuffix(err.Error(), "our clock is 6m0s ahead") {
		t.Errorf("%v, want the skew told", err)
	}
}

// TestListSideBySide: one list can be ranged over by many at once.
func TestListSideBySide(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(func(_ int, r apiRequest, w http.ResponseWriter) {
		servePage(w, r, oneUser, 1050, func(n int) any { return n })
	})
	list := newAPIClients(t, fake.config(t)).admin.Users.List(t.Context(), duoclient.UserFilter{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			n := 0
			for _, err := range list {
				if err != nil {
					t.Error(err)
				}
				n++
			}
			if n != 1050 {
				t.Errorf("%d users, want 1050", n)
			}
		})
	}
	wg.Wait()
}
