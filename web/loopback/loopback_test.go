package loopback_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/web/loopback"
)

const (
	state   = "dff8bd53717fdbf36d5a6e4e6da6331d6e61"
	code    = "FSVpTN3h5QNMji2uXzKe69Q5qWf0iv7L"
	authURL = "https://api-12345678.duosecurity.com/oauth/v1/authorize?request=a.b.c"
	path    = "/api/4.5.2/extensions/mfa/duocallback"
	good    = path + "?state=" + state + "&duo_code=" + code
)

// answer is a response read to its end.
type answer struct {
	*http.Response
	body string
}

func listen(t *testing.T) *loopback.Listener {
	t.Helper()
	l, err := loopback.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func expecting(t *testing.T) *loopback.Listener {
	t.Helper()
	l := listen(t)
	l.Expect(loopback.Prompt{AuthURL: authURL, RedirectURI: l.URL() + path, State: state, Server: "https://mirth.example.org", Username: "<alice>"})
	return l
}

func send(t *testing.T, method, target string, bend ...func(*http.Request)) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bend {
		b(r)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp, string(body)}
}

func get(t *testing.T, target string) answer {
	t.Helper()
	return send(t, http.MethodGet, target)
}

// The browser is led to the prompt, comes back, and waits for the outcome.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, query string
		refused     bool
		outcome     loopback.Outcome
		says        string
	}{
		{"signed in", "?state=" + state + "&duo_code=" + code, false, loopback.SignedIn, "You are signed in"},
		{"refused by Duo", "?state=" + state + "&error=access_denied&error_description=no", true, loopback.Refused, "The sign-in was refused"},
		{"refused by the server", "?duo_code=" + code + "&state=" + state, false, loopback.Failed, "You are not signed in"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := expecting(t)
			if !mirth.LoopbackServerURL(l.URL()) {
				t.Errorf("URL() = %s is not one that a server takes", l.URL())
			}
			if a := get(t, l.StartURL()); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != authURL || a.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("start = %d %v", a.StatusCode, a.Header)
			}
			page := make(chan answer)
			go func() { page <- get(t, l.URL()+path+tt.query) }()
			in, err := l.Wait(t.Context())
			if err != nil || in.State != state || in.Refused != tt.refused || in.Code != code && !tt.refused {
				t.Fatalf("Wait() = %+v, %v", in, err)
			}
			l.Finish(tt.outcome)
			l.Finish(loopback.Failed) // too late to matter
			a := <-page
			if a.StatusCode != http.StatusOK || !strings.Contains(a.body, tt.says) || !strings.Contains(a.body, "&lt;alice&gt;") || !strings.Contains(a.body, "https://mirth.example.org") {
				t.Errorf("page = %d %s, want %q", a.StatusCode, a.body, tt.says)
			}
			if strings.Contains(a.body, code) || strings.Contains(a.body, state) || a.Header.Get("Cache-Control") != "no-store" ||
				!strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") || a.Header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("page = %v %s", a.Header, a.body)
			}
			// Loaded again it says the same; the address to start at is used up.
			if again := get(t, l.URL()+path+tt.query); !strings.Contains(again.body, tt.says) {
				t.Errorf("again = %d %s", again.StatusCode, again.body)
			}
			if a := get(t, l.StartURL()); a.StatusCode != http.StatusGone || a.Header.Get("Location") != "" {
				t.Errorf("start after the end = %d %v", a.StatusCode, a.Header)
			}
		})
	}
}

// Threat T047: what is not the way back of this very sign-in changes nothing,
// and no page of another origin gets at it.
func TestStrangers(t *testing.T) {
	t.Parallel()
	l := expecting(t)
	other := strings.Repeat("0", 36)
	for name, tt := range map[string]struct {
		method, target string
		bend           func(*http.Request)
		status         int
	}{
		"another state":      {"GET", path + "?state=" + other + "&duo_code=" + code, nil, 400},
		"no state":           {"GET", path + "?duo_code=" + code, nil, 400},
		"no query":           {"GET", path, nil, 400},
		"two codes":          {"GET", good + "&duo_code=x", nil, 400},
		"more":               {"GET", good + "&x=y", nil, 400},
		"another path":       {"GET", "/api/extensions/mfa/duocallback?state=" + state + "&duo_code=" + code, nil, 404},
		"root":               {"GET", "/", nil, 404},
		"favicon":            {"GET", "/favicon.ico", nil, 404},
		"POST":               {"POST", good, nil, 405},
		"HEAD":               {"HEAD", good, nil, 405},
		"another name":       {"GET", good, func(r *http.Request) { r.Host = "localhost:" + l.URL()[strings.LastIndex(l.URL(), ":")+1:] }, 404},
		"a rebound name":     {"GET", good, func(r *http.Request) { r.Host = "evil.example" }, 404},
		"start, other name":  {"GET", "/" + l.StartURL()[len(l.URL())+1:], func(r *http.Request) { r.Host = "evil.example" }, 404},
		"start, other token": {"GET", "/AAAAAAAAAAAAAAAAAAAAAAAAAA", nil, 404},
	} {
		bend := func(*http.Request) {}
		if tt.bend != nil {
			bend = tt.bend
		}
		if a := send(t, tt.method, l.URL()+tt.target, bend); a.StatusCode != tt.status || strings.Contains(a.body, code) || a.Header.Get("Location") != "" {
			t.Errorf("%s: %d %s, want %d", name, a.StatusCode, a.body, tt.status)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if in, err := l.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait() = %+v, %v: a stranger came through", in, err)
	}
}

// Before there is a prompt, and where the way back leads to a server, nothing
// is taken.
func TestNothingToComeBackTo(t *testing.T) {
	t.Parallel()
	l := listen(t)
	if a := get(t, l.URL()+good); a.StatusCode != 404 {
		t.Errorf("before the prompt = %d", a.StatusCode)
	}
	if a := get(t, l.StartURL()); a.StatusCode != 404 {
		t.Errorf("start before the prompt = %d", a.StatusCode)
	}
	l.Expect(loopback.Prompt{AuthURL: authURL, RedirectURI: "https://mirth.example.org" + path, State: state})
	if a := get(t, l.URL()+good); a.StatusCode != 404 {
		t.Errorf("where the server is the way back = %d", a.StatusCode)
	}
	if a := get(t, l.StartURL()); a.StatusCode != http.StatusSeeOther {
		t.Errorf("start = %d", a.StatusCode)
	}
}

// The port is open for one sign-in (RFC 8252 section 8.3), and a page that
// waits is told how it ended.
func TestClose(t *testing.T) {
	t.Parallel()
	l := expecting(t)
	page := make(chan answer)
	go func() { page <- get(t, l.URL()+good) }()
	if _, err := l.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if a := <-page; !strings.Contains(a.body, "You are not signed in") {
		t.Errorf("the page that waited = %d %s", a.StatusCode, a.body)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.StartURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := (&http.Transport{}).RoundTrip(r); err == nil {
		_ = resp.Body.Close()
		t.Error("the port is still open")
	}
}
