package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/throttle"
	"mfaserver/internal/token"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web"
)

// newBentSite is a site whose rooms behind may be others.
func newBentSite(t *testing.T, w *world, bend func(*web.Deps)) *site {
	t.Helper()
	d := w.deps(t)
	bend(&d)
	h, err := web.New(w.config(), d)
	must(t, err)
	s := serveSite(t, h, w.config().Logger)
	s.world = w
	return s
}

// deafTo is a trail that does not take one kind of event.
type deafTo struct {
	*world
	name audit.Name
}

func (d deafTo) Record(ctx context.Context, e audit.Event) error {
	if e.Name == d.name {
		return errDisk
	}
	return d.world.Record(ctx, e)
}

// scriptedLimiter answers as it is told.
type scriptedLimiter struct{ check, fail error }

func (l scriptedLimiter) Check(context.Context, throttle.Subject) error { return l.check }
func (l scriptedLimiter) Fail(context.Context, throttle.Subject) error  { return l.fail }

// What cannot be recorded or counted is not answered as if it were: neither a
// code shown nor a refusal given that the trail knows nothing of.
func TestNothingGoesUnrecorded(t *testing.T) {
	t.Parallel()
	elsewhere := func(string, mfa.Client) (mfa.View, error) {
		v := goodView()
		v.Addr = "203.0.113.9"
		return v, nil
	}
	refused := func(mfa.RedeemRequest) (*mfa.Grant, error) { return nil, mfa.ErrRefused }
	for name, tt := range map[string]struct {
		script func(*world)
		bend   func(*web.Deps)
		ask    func(*testing.T, *site) answer
	}{
		"the callback": {
			script: func(w *world) { w.view = elsewhere },
			bend: func(d *web.Deps) {
				d.Recorder = deafTo{d.Recorder.(*world), audit.CallbackSeen}
			},
			ask: func(t *testing.T, s *site) answer { t.Helper(); return s.browser(t, "GET", callbackAt+goodQuery, "") },
		},
		"another address at the callback": {
			script: func(w *world) { w.view = elsewhere },
			bend: func(d *web.Deps) {
				d.Recorder = deafTo{d.Recorder.(*world), audit.MFAIPMismatch}
			},
			ask: func(t *testing.T, s *site) answer { t.Helper(); return s.browser(t, "GET", callbackAt+goodQuery, "") },
		},
		"a source that guesses": {
			bend: func(d *web.Deps) {
				d.SecondCalls = scriptedLimiter{check: &throttle.Error{RetryAfter: time.Second}}
				d.Recorder = deafTo{d.Recorder.(*world), audit.LoginThrottled}
			},
			ask: func(t *testing.T, s *site) answer { t.Helper(); return s.second(t, "admin", loginData) },
		},
		"a guess that is not counted": {
			script: func(w *world) { w.redeem = refused },
			bend:   func(d *web.Deps) { d.SecondCalls = scriptedLimiter{fail: errDisk} },
			ask:    func(t *testing.T, s *site) answer { t.Helper(); return s.second(t, "admin", loginData) },
		},
		"out of scope": {
			script: func(w *world) {
				w.sessions["exempt"] = session.Session{Key: session.KeyOf("exempt"), Username: "admin", UserID: 1, Exemption: "gone"}
			},
			bend: func(d *web.Deps) { d.Recorder = deafTo{d.Recorder.(*world), audit.GatewayRefused} },
			ask: func(t *testing.T, s *site) answer {
				t.Helper()
				return s.send(t, "GET", "/api/users/current", "", with("exempt")...)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			if tt.script != nil {
				tt.script(w)
			}
			if got := tt.ask(t, newBentSite(t, w, tt.bend)); got.StatusCode != http.StatusServiceUnavailable || strings.Contains(got.body, code) {
				t.Errorf("= %d %s, want 503", got.StatusCode, got.body)
			}
		})
	}
}

// Another address at the callback is noted, but not where a proxy may share
// one among many.
func TestAddressAtTheCallback(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		headers []string
		noted   bool
	}{
		"direct": {noted: true}, "through a proxy": {headers: []string{"Via", "1.1 squid"}},
	} {
		w := newWorld()
		w.view = func(string, mfa.Client) (mfa.View, error) {
			v := goodView()
			v.Addr = "203.0.113.9"
			return v, nil
		}
		if got := newSite(t, w).browser(t, "GET", callbackAt+goodQuery, "", tt.headers...); got.StatusCode != http.StatusOK {
			t.Errorf("%s = %d", name, got.StatusCode)
		}
		names := w.names()
		if noted := len(names) == 2 && names[1] == audit.MFAIPMismatch; noted != tt.noted || names[0] != audit.CallbackSeen {
			t.Errorf("%s: recorded %v", name, names)
		}
	}
}

// Threat T047: parameters that are not Duo's are refused before anybody is
// asked about them.
func TestBadParametersAskNobody(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.view = func(state string, _ mfa.Client) (mfa.View, error) {
		t.Errorf("the flow was asked for %q", state)
		return goodView(), nil
	}
	if got := newSite(t, w).browser(t, "GET", callbackAt+goodQuery+"&state="+state, ""); got.StatusCode != http.StatusBadRequest {
		t.Errorf("= %d, want 400", got.StatusCode)
	}
}

// What began at the portal ends there: its login data are none of the API's.
func TestLoginDataOfThePortal(t *testing.T) {
	t.Parallel()
	w := newWorld()
	data := "admin:SUCCESS:" + code + ":" + state + ":" + encoded(public+"/mfa/callback")
	got := newSite(t, w).second(t, "admin", data)
	if got.StatusCode != http.StatusUnauthorized || got.body != deniedXML || len(w.redeemed) != 0 {
		t.Errorf("= %d %s, redeemed %d", got.StatusCode, got.body, len(w.redeemed))
	}
	if names := w.names(); len(names) != 1 || names[0] != audit.LoginDataMalformed {
		t.Errorf("recorded %v", names)
	}
}

// A session of a token is of no use where there are no tokens, where they
// cannot be asked, and where the token is another user's.
func TestSessionsOfTokens(t *testing.T) {
	t.Parallel()
	good := token.Token{ID: "t1", Username: "duo1", UserID: 2, ExpiresAt: noon.Add(time.Hour)}
	for name, tt := range map[string]struct {
		tokens web.Tokens
		user   string
		status int
	}{
		"good":            {&tokenDirectory{token: good}, "duo1", http.StatusOK},
		"no tokens":       {nil, "duo1", http.StatusUnauthorized},
		"cannot be asked": {brokenTokens{}, "duo1", http.StatusServiceUnavailable},
		"another user's":  {&tokenDirectory{token: good}, "admin", http.StatusUnauthorized},
	} {
		w := newWorld()
		w.sessions["script"] = session.Session{Key: session.KeyOf("script"), Username: tt.user, UserID: 2, Token: "t1"}
		s := newBentSite(t, w, func(d *web.Deps) { d.Tokens = tt.tokens })
		if got := s.send(t, "GET", "/api/users/current", "", with("script")...); got.StatusCode != tt.status {
			t.Errorf("%s = %d, want %d", name, got.StatusCode, tt.status)
		}
	}
}

// Only what is a service token to the last byte is one in an Authorization
// header.
func TestTokenInAuthorization(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"Bearer mfat_x":                               true,
		"Basic " + encoded("svc:mfat_x"):              true,
		"Basic " + encoded("svc:mfat_x12") + "!":      false,
		"Basic " + encoded("svc:mfat_x") + "*" + "=":  false,
		"Bearer mfac-0000-0000-00000":                 false,
		"Bearer mfab-0000-0000-0000-0000":             false,
		"Basic " + encoded("svc:mfac-0000-0000-0000"): false,
		"Bearer x": false,
	} {
		if value, ok := web.TokenIn(line); ok != want {
			t.Errorf("TokenIn(%q) = %q, %v, want %v", line, value, ok, want)
		}
	}
}

// Threats T110, T130, T131: what net/http would let through, or refuse by
// itself today, is refused by the policy.
func TestTargetsWithTwoReadings(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"/api/a%", "/api/a%2", "/api/%zz", "/api/%4z", "/api/%z0", "/api/a%7f", "/api/a%7Fb", "/api/a%1f", "/api/%C3", "/api/%C3%28",
		"/api/a?b c", "/api/a?b\tc", "/api/a?b\x00", "/api/a?b\x7f", "/api/a?\xc3\xa9", "/api/a?b#c", "/api/a?%", "/api/a?%4", "/api/a?%zz", "/api/a?%4z",
		"/api/a?%z4", "/api/a.", "/api/a%20", "/api/a%2e", "api/a", "",
	} {
		if got := web.CheckTarget(target); got != http.StatusBadRequest {
			t.Errorf("CheckTarget(%q) = %d, want 400", target, got)
		}
	}
}
