package prompt_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/mfa"
	"mfaserver/session"
	"mfaserver/web/prompt"
)

const (
	ours  = "https://mirth.example.org:8443"
	state = "0123456789abcdef0123456789abcdef0123"
)

// flow is a login that has begun, and what is done to it.
type flow struct {
	asked    mfa.BeginRequest
	begun    mfa.Begun
	beginErr error
	view     mfa.View
	viewErr  error
	grant    *mfa.Grant
	err      error
	did      []string
	redeemed mfa.RedeemRequest
}

func (f *flow) Begin(_ context.Context, r mfa.BeginRequest) (mfa.Begun, error) {
	f.asked = r
	return f.begun, f.beginErr
}

// View compares what a browser has with what the first one got.
func (f *flow) View(_ context.Context, s string, c mfa.Client) (mfa.View, error) {
	v := f.view
	v.SameClient = c.Binding == "bound" || !c.Forwarded
	if s != state {
		return mfa.View{}, mfa.ErrRefused
	}
	return v, f.viewErr
}

func (f *flow) Redeem(_ context.Context, r mfa.RedeemRequest) (*mfa.Grant, error) {
	f.did, f.redeemed = append(f.did, "redeem"), r
	return f.grant, f.err
}

func (f *flow) Deny(context.Context, string, mfa.Client) error {
	f.did = append(f.did, "deny")
	return f.err
}

// rig is a prompt in front of a flow.
type rig struct {
	*prompt.Prompt
	flow     *flow
	trail    *audittest.Memory
	released []string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{trail: &audittest.Memory{}, flow: &flow{
		begun: mfa.Begun{Challenge: &mfa.Challenge{
			AuthURL: "https://api-1.example.org/oauth/v1/authorize?a=b&c=d", Binding: "bound", Transaction: mfa.KeyOf(state).Handle(),
			ExpiresAt: time.Unix(1600, 0),
		}},
		view:  mfa.View{Username: "alice", Primary: "SUCCESS", RedirectURI: ours + "/mfa/callback", Phase: mfa.Pending},
		grant: &mfa.Grant{Username: "alice"},
	}}
	var err error
	r.Prompt, err = prompt.New(prompt.Config{
		PublicURLs: []string{ours, "https://other.example.org"},
		Client: func(*http.Request) mfa.Client {
			return mfa.Client{Addr: netip.MustParseAddr("192.0.2.1"), Binding: "the API's"}
		},
		Login: r.flow, Recorder: r.trail, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(1000, 0) },
		Release: func(_ context.Context, _ string, carry []byte) { r.released = append(r.released, string(carry)) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func request(target, cookies string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	return r
}

// The page that leads on sets both cookies for as long as the login lives, and
// its address is made of nothing of the request (threats T020, T022).
func TestBegin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ host, uri string }{
		{"mirth.example.org:8443", ours + "/mfa/callback/confirm"},
		{"OTHER.example.org", "https://other.example.org/mfa/callback/confirm"},
		{"evil.example", ours + "/mfa/callback/confirm"},
	} {
		r := newRig(t)
		w, in := httptest.NewRecorder(), request("/mfa/confirm", "__Host-mfa_binding=older")
		in.Host = tt.host
		again := prompt.Again(session.Session{Username: "alice", UserID: 7, Administrator: true})
		if err := r.Begin(w, in, prompt.Ask{Login: again, Path: "/mfa/callback/confirm", Next: "devices"}); err != nil {
			t.Fatal(err)
		}
		got := r.flow.asked
		if got.Username != "alice" || got.Typed != "alice" || got.UserID != 7 || !got.Administrator || got.Primary != "SUCCESS" || !got.NeverOpen ||
			got.AllowEnrolment || got.RedirectURI != tt.uri || got.Client.Binding != "older" {
			t.Errorf("%s: asked %+v", tt.host, got)
		}
		if w.Header().Get("Refresh") != "0; url=https://api-1.example.org/oauth/v1/authorize?a=b&c=d" || !strings.Contains(w.Body.String(), `id="onward"`) {
			t.Errorf("answer %v %s", w.Header(), w.Body)
		}
		set := w.Result().Cookies()
		if len(set) != 2 || set[0].Name != "__Host-mfa_binding" || set[0].Value != "bound" {
			t.Fatalf("cookies %v", set)
		}
		for _, c := range set {
			if c.MaxAge != 600 || !c.Secure || !c.HttpOnly || c.Path != "/" || c.SameSite != http.SameSiteLaxMode || c.Domain != "" {
				t.Errorf("cookie %s", c.Raw)
			}
		}
	}
}

// Whatever goes wrong, nothing is sent, and nobody gets through.
func TestBeginRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		begun    mfa.Begun
		err      error
		want     error
		released int
	}{
		{"by the flow", mfa.Begun{}, mfa.ErrTooManyPending, mfa.ErrTooManyPending, 0},
		{"fails open", mfa.Begun{Grant: &mfa.Grant{Username: "alice", Carry: mfa.Carry("sealed")}}, nil, mfa.ErrSecondFactorUnavailable, 1},
		{"nothing", mfa.Begun{}, nil, mfa.ErrSecondFactorUnavailable, 0},
		{"no address", mfa.Begun{Challenge: &mfa.Challenge{AuthURL: "http://a/"}}, nil, mfa.ErrUnavailable, 0},
		{"no URL", mfa.Begun{Challenge: &mfa.Challenge{AuthURL: "https://a b/%"}}, nil, mfa.ErrUnavailable, 0},
	} {
		r := newRig(t)
		r.flow.begun, r.flow.beginErr = tt.begun, tt.err
		w := httptest.NewRecorder()
		err := r.Begin(w, request("/mfa/sign-in", ""), prompt.Ask{Path: "/mfa/callback"})
		if !errors.Is(err, tt.want) || w.Body.Len() != 0 || len(w.Header()) != 0 || len(r.released) != tt.released {
			t.Errorf("%s: Begin() = %v, want %v; sent %v %s; released %v", tt.name, err, tt.want, w.Header(), w.Body, r.released)
		}
	}
}

// Duo's answer counts in the browser that asked, on the path it was for, while
// the login lives; nothing else is even tried (threats T027, T041, T047, T073).
func TestReturn(t *testing.T) {
	t.Parallel()
	good := "/mfa/callback?state=" + state + "&duo_code=" + strings.Repeat("c", 32)
	broken := errors.New("disk")
	for _, tt := range []struct {
		name, target, cookie string
		bend                 func(f *flow)
		want                 error
		did                  string
		event                audit.Name
	}{
		{name: "comes back", target: good, did: "redeem", event: audit.CallbackSeen},
		{name: "denied", target: "/mfa/callback?state=" + state + "&error=access_denied", want: prompt.ErrDenied, did: "deny", event: audit.CallbackSeen},
		{name: "denied and gone", target: "/mfa/callback?state=" + state + "&error=access_denied", bend: func(f *flow) { f.err = mfa.ErrRefused }, want: prompt.ErrDenied, did: "deny", event: audit.CallbackSeen},
		{name: "denied, store broken", target: "/mfa/callback?state=" + state + "&error=access_denied", bend: func(f *flow) { f.err = broken }, want: broken, did: "deny", event: audit.CallbackSeen},
		{name: "no query", target: "/mfa/callback", want: prompt.ErrLink},
		{name: "two states", target: good + "&state=" + state, want: prompt.ErrLink},
		{name: "another path", target: strings.Replace(good, "callback", "callback/code", 1), want: prompt.ErrLink},
		{name: "of the API", target: good, bend: func(f *flow) { f.view.RedirectURI = ours + "/api/4.5.2/extensions/mfa/duocallback" }, want: prompt.ErrLink},
		{name: "of another host", target: good, bend: func(f *flow) { f.view.RedirectURI = "https://evil.example/mfa/callback" }, want: prompt.ErrLink},
		{name: "unknown state", target: strings.Replace(good, "0123", "ffff", 1), want: prompt.ErrLink},
		{name: "no cookie", target: good, cookie: "-", want: prompt.ErrStranger, event: audit.CallbackMismatch},
		{name: "another cookie", target: good, cookie: "__Host-mfa_binding=x", want: prompt.ErrStranger, event: audit.CallbackMismatch},
		{name: "two cookies", target: good, cookie: "__Host-mfa_binding=bound; __Host-mfa_binding=bound", want: prompt.ErrStranger, event: audit.CallbackMismatch},
		{name: "over", target: good, bend: func(f *flow) { f.view.Phase = mfa.Redeemed }, want: prompt.ErrOver, event: audit.CallbackSeen},
		{name: "store broken", target: good, bend: func(f *flow) { f.viewErr = broken }, want: broken},
		{name: "refused", target: good, bend: func(f *flow) { f.grant, f.err = nil, mfa.ErrRefused }, want: mfa.ErrRefused, did: "redeem", event: audit.CallbackSeen},
		{name: "no grant", target: good, bend: func(f *flow) { f.grant = nil }, want: mfa.ErrUnavailable, did: "redeem", event: audit.CallbackSeen},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if tt.bend != nil {
				tt.bend(r.flow)
			}
			switch tt.cookie {
			case "":
				tt.cookie = "__Host-mfa_binding=bound"
			case "-":
				tt.cookie = ""
			}
			back, err := r.Return(request(tt.target, tt.cookie))
			if !errors.Is(err, tt.want) || (err == nil) != (back.Grant != nil) {
				t.Errorf("Return() = %+v, %v, want %v", back, err, tt.want)
			}
			if got := strings.Join(r.flow.did, " "); got != tt.did {
				t.Errorf("did %q, want %q", got, tt.did)
			}
			names := r.trail.Names()
			if tt.event == "" && len(names) != 0 || tt.event != "" && (len(names) != 1 || names[0] != tt.event) {
				t.Errorf("recorded %v, want %s", names, tt.event)
			}
			if got := r.flow.redeemed; tt.did == "redeem" && (got.RedirectURI != ours+"/mfa/callback" || got.Client.Binding != "bound" || got.State != state) {
				t.Errorf("redeemed %+v", got)
			}
		})
	}
}

// The way back is that of this very login, in this browser.
func TestNext(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	w := httptest.NewRecorder()
	const next = "/mfa/admin/users/alice smith?page=2"
	if err := r.Begin(w, request("/mfa/confirm", ""), prompt.Ask{Path: "/mfa/callback", Next: next}); err != nil {
		t.Fatal(err)
	}
	cookie := w.Result().Cookies()[1]
	target := "/mfa/callback?state=" + state + "&duo_code=" + strings.Repeat("c", 32)
	for _, tt := range []struct{ name, value, want string }{
		{"its own", cookie.Value, next},
		{"none", "", ""},
		{"of another login", "000000000000" + cookie.Value[12:], ""},
		{"not base64", cookie.Value[:13] + "?", ""},
		{"too long", cookie.Value[:13] + strings.Repeat("YWFh", 400), ""},
	} {
		back, err := r.Return(request(target, "__Host-mfa_binding=bound; "+cookie.Name+"="+tt.value))
		if err != nil || back.Next != tt.want {
			t.Errorf("%s: Next = %q, %v, want %q", tt.name, back.Next, err, tt.want)
		}
	}
	w = httptest.NewRecorder()
	r.Forget(w)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 || c.Value != "" {
			t.Errorf("forgetting sets %s", c.Raw)
		}
	}
}

// What a prompt lacks is said when it is made.
func ExampleNew() {
	_, err := prompt.New(prompt.Config{PublicURLs: []string{ours}})
	fmt.Println(errors.Is(err, prompt.ErrConfig))
	// Output: true
}

// Any value of the cookie gives a way back or none, and no harm.
func FuzzNext(f *testing.F) {
	f.Add("")
	f.Add(mfa.KeyOf(state).Handle() + ".L21mYS8")
	f.Add(mfa.KeyOf(state).Handle() + "..")
	f.Fuzz(func(t *testing.T, value string) {
		r := newRig(t)
		in := request("/mfa/callback?state="+state+"&duo_code="+strings.Repeat("c", 32), "")
		in.Header["Cookie"] = []string{"__Host-mfa_binding=bound; __Host-mfa_next=" + value}
		if back, err := r.Return(in); err == nil && len(back.Next) > 1024 {
			t.Errorf("Next = %d bytes", len(back.Next))
		}
	})
}
