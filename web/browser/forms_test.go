package browser_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"mfaserver/web/browser"
)

const (
	house   = "https://mirth.example.org"
	visitor = "of the session of alice"
)

var forms = browser.NewForms(browser.FormsConfig{PublicURLs: []string{house}})

// post is a form as a page of ours sends it.
func post(body string, cookies ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, house+"/mfa/x", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range cookies {
		r.Header.Add("Cookie", c)
	}
	return r
}

// token is what forms of a session carry, and the cookie that goes with it.
func token(t *testing.T, session string) (value, cookie string) {
	t.Helper()
	w := httptest.NewRecorder()
	value = forms.Token(w, httptest.NewRequest(http.MethodGet, house+"/mfa/", nil), session)
	cookie, _, _ = strings.Cut(w.Header().Get("Set-Cookie"), ";")
	return value, cookie
}

// Threat T027: a form is taken from a page that was made for this browser and
// this session, and from no other. Threat T114: so is the one that signs out.
// Threat T156: so is every form of an administrator.
func TestForms(t *testing.T) {
	t.Parallel()
	nobody, cookie := token(t, "")
	ofAlice, none := token(t, visitor)
	ofBob, _ := token(t, "of the session of bob")
	if none != "" || ofAlice == ofBob || strings.Contains(ofAlice, visitor) {
		t.Fatalf("Token() of a session = %q with %q, of another %q", ofAlice, none, ofBob)
	}
	for _, tt := range []struct {
		name    string
		session string
		r       *http.Request
		change  func(*http.Request)
		want    error
	}{
		{name: "signed out", r: post("form="+nobody+"&name=x", cookie)},
		{name: "signed in", session: visitor, r: post("form=" + ofAlice + "&name=x")},
		{name: "signed in, cookie of before", session: visitor, r: post("form="+ofAlice+"&name=x", cookie)},
		{name: "signed in, form of before", session: visitor, r: post("form="+nobody, cookie), want: browser.ErrForeign},
		{name: "of somebody else", session: visitor, r: post("form=" + ofBob), want: browser.ErrForeign},
		{name: "signed out, form of a session", r: post("form="+ofAlice, cookie), want: browser.ErrForeign},
		{name: "no value", session: visitor, r: post("name=x"), want: browser.ErrForeign},
		{name: "empty value", session: visitor, r: post("form="), want: browser.ErrForeign},
		{name: "no value and no cookie", r: post("form="), want: browser.ErrForeign},
		{name: "no cookie", r: post("form=" + nobody), want: browser.ErrForeign},
		{name: "empty cookie", r: post("form=", "__Host-mfa_form="), want: browser.ErrForeign},
		{name: "two cookies", r: post("form="+nobody, cookie, "__Host-mfa_form=tossed"), want: browser.ErrForeign},
		{name: "long cookie", r: post("form="+strings.Repeat("a", 200), "__Host-mfa_form="+strings.Repeat("a", 200)), want: browser.ErrForeign},
		{name: "two values", session: visitor, r: post("form=" + ofAlice + "&form=" + ofAlice), want: browser.StatusError(http.StatusBadRequest)},
		{name: "a field twice", session: visitor, r: post("form=" + ofAlice + "&name=a&name=b"), want: browser.StatusError(http.StatusBadRequest)},
		{name: "another site", session: visitor, r: post("form=" + ofAlice), want: browser.ErrForeign, change: func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		{name: "a sub-domain", session: visitor, r: post("form=" + ofAlice), want: browser.ErrForeign, change: func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }},
		{name: "no browser", session: visitor, r: post("form=" + ofAlice), want: browser.ErrForeign, change: func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }},
		{name: "an old browser", session: visitor, r: post("form=" + ofAlice), change: func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", house)
		}},
		{name: "in the query", session: visitor, r: post("form=" + ofAlice), want: browser.StatusError(http.StatusBadRequest), change: func(r *http.Request) { r.URL.RawQuery = "form=" + url.QueryEscape(ofAlice) }},
		{name: "JSON", session: visitor, r: post(`{"form":"` + ofAlice + `"}`), want: browser.StatusError(http.StatusUnsupportedMediaType), change: func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }},
		{name: "too large", session: visitor, r: post("form=" + ofAlice + "&name=" + strings.Repeat("x", 8<<10)), want: browser.StatusError(http.StatusRequestEntityTooLarge)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.change != nil {
				tt.change(tt.r)
			}
			got, err := forms.Read(httptest.NewRecorder(), tt.r, tt.session, "name")
			if !errors.Is(err, tt.want) {
				t.Fatalf("Read() = %v, want %v", err, tt.want)
			}
			if err == nil && got["name"] != "x" && len(got) > 1 {
				t.Errorf("Read() = %v", got)
			}
		})
	}
}

// The cookie of those who are not signed in is theirs alone, and is kept.
func TestFormCookie(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	value := forms.Token(w, httptest.NewRequest(http.MethodGet, house+"/", nil), "")
	got := w.Header().Get("Set-Cookie")
	if want := "__Host-mfa_form=" + value + "; Path=/; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("Set-Cookie = %s, want %s", got, want)
	}
	again := httptest.NewRequest(http.MethodGet, house+"/", nil)
	again.Header.Set("Cookie", "__Host-mfa_form="+value)
	w = httptest.NewRecorder()
	if kept := forms.Token(w, again, ""); kept != value || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("Token() = %s, want %s; %v", kept, value, w.Header())
	}
}

// Check boxes of one name come as a list.
func TestReadLists(t *testing.T) {
	t.Parallel()
	value, _ := token(t, visitor)
	one, many, err := forms.ReadLists(httptest.NewRecorder(), post("user=a&why=x&user=b%20c&form="+value+"&other=1&other=2"), visitor, []string{"why"}, "user", "group")
	if err != nil || one["why"] != "x" || !slices.Equal(many["user"], []string{"a", "b c"}) || len(many) != 1 || len(one) != 2 {
		t.Errorf("ReadLists() = %v, %v, %v", one, many, err)
	}
}

// Whatever is posted: nothing is read twice, nothing but what was asked for, and
// never without the value of the session.
func FuzzForms(f *testing.F) {
	value := forms.Token(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, house+"/", nil), visitor)
	for _, seed := range []string{"", "form=" + value, "form=" + value + "&name=x&box=1&box=2", "form=%zz", "&&=&=a", "form=" + value + ";name=x", "name=%ff&form=" + value} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		one, many, err := forms.ReadLists(httptest.NewRecorder(), post(body), visitor, []string{"name"}, "box")
		if err != nil {
			if _, status := errors.AsType[browser.StatusError](err); !status && !errors.Is(err, browser.ErrForeign) {
				t.Errorf("ReadLists(%q) = %v", body, err)
			}
			return
		}
		parsed, parseErr := url.ParseQuery(body)
		if one["form"] != value || parseErr == nil && !slices.Equal(parsed["box"], many["box"]) {
			t.Errorf("ReadLists(%q) = %v, %v", body, one, many)
		}
		for name := range one {
			if name != "form" && name != "name" {
				t.Errorf("ReadLists(%q) gave %q", body, name)
			}
		}
	})
}

// A notice is a word of ours, shown once.
func TestNotices(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	browser.SetNotice(w, "session-ended")
	if got, want := w.Header().Get("Set-Cookie"), "__Host-mfa_notice=session-ended; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("Set-Cookie = %s, want %s", got, want)
	}
	for _, tt := range []struct {
		cookie, want string
		removed      bool
	}{
		{"", "", false},
		{"__Host-mfa_notice=session-ended", "session-ended", true},
		{"__Host-mfa_notice=<b>", "", true},
		{"__Host-mfa_notice=Ended", "", true},
		{"__Host-mfa_notice=", "", true},
		{"__Host-mfa_notice=" + strings.Repeat("a", 49), "", true},
		{"__Host-mfa_notice=a; __Host-mfa_notice=b", "", true},
		{"__Host-mfa_other=a", "", false},
	} {
		r := httptest.NewRequest(http.MethodGet, house+"/", nil)
		if tt.cookie != "" {
			r.Header.Set("Cookie", tt.cookie)
		}
		w := httptest.NewRecorder()
		if got := browser.TakeNotice(w, r); got != tt.want {
			t.Errorf("TakeNotice(%q) = %q, want %q", tt.cookie, got, tt.want)
		}
		if removed := strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0"); removed != tt.removed {
			t.Errorf("TakeNotice(%q): removed = %v", tt.cookie, removed)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("SetNotice() takes a text")
		}
	}()
	browser.SetNotice(httptest.NewRecorder(), "Session ended.")
}

// A form repeats what its page was given.
func ExampleForms() {
	forms := browser.NewForms(browser.FormsConfig{PublicURLs: []string{"https://mirth.example.org"}})
	r := httptest.NewRequest(http.MethodPost, "/mfa/sign-out", strings.NewReader("form=guess"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	_, err := forms.Read(httptest.NewRecorder(), r, "the session's cookie")
	fmt.Println(err)
	// Output: browser: form is not from a page of ours
}
