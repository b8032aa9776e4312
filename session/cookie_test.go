package session_test

import (
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/session"
)

// Threat T106: ids are 256 random bits in base64url, and never come twice.
func TestIDsAreUnique(t *testing.T) {
	t.Parallel()
	n := 1_000_000
	if testing.Short() {
		n = 20_000
	}
	// The first 64 bits alone are distinct among so few with all but
	// certainty (one in ten million that two agree by chance).
	seen := make([]uint64, n)
	for i := range seen {
		id := session.NewID()
		raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
		if err != nil || len(id) != 43 || len(raw) != 32 {
			t.Fatalf("NewID() = %q: %d characters, %d bytes, %v", id, len(id), len(raw), err)
		}
		for _, b := range raw[:8] {
			seen[i] = seen[i]<<8 | uint64(b)
		}
	}
	slices.Sort(seen)
	if n := len(slices.Compact(seen)); n != len(seen) {
		t.Errorf("%d ids begin with the 64 bits of another", len(seen)-n)
	}
}

// Threat T106: every one of the 256 bits is as often set as not.
func TestIDsHaveNoStructure(t *testing.T) {
	t.Parallel()
	const n = 4096
	var ones [256]int
	for range n {
		raw, _ := base64.RawURLEncoding.DecodeString(session.NewID())
		for bit := range ones {
			ones[bit] += int(raw[bit/8] >> (bit % 8) & 1)
		}
	}
	for bit, count := range ones {
		if count < n/2-256 || count > n/2+256 { // eight standard deviations
			t.Errorf("bit %d was set in %d of %d ids", bit, count, n)
		}
	}
}

func TestCookieID(t *testing.T) {
	t.Parallel()
	id, other := session.NewID(), session.NewID()
	one := "JSESSIONID=" + id
	for _, tt := range []struct {
		name  string
		lines []string
		want  error
	}{
		{"alone", []string{one}, nil},
		{"among others", []string{"a=b; " + one + "; c=d"}, nil},
		{"no space after the semicolon", []string{"a=b;" + one + ";"}, nil},
		{"in the second line", []string{"a=b", one}, nil},
		{"beside a longer and a shorter name", []string{"JSESSIONIDX=1; JSESSION=2; xJSESSIONID=3; " + one}, nil},
		{"beside a name of other case", []string{"jsessionid=" + other + "; " + one}, nil},
		{"beside a pair without a name", []string{"=" + other + "; " + one}, nil},

		{"no header", nil, session.ErrNoCookie},
		{"empty header", []string{""}, session.ErrNoCookie},
		{"others only", []string{"a=b; c=d"}, session.ErrNoCookie},
		{"old dialect without ours", []string{"$Version=1; a=b"}, session.ErrNoCookie},

		// Threat T109: none of two, in whatever order and disguise.
		{"two", []string{one + "; JSESSIONID=" + other}, session.ErrDuplicateCookie},
		{"two, the other order", []string{"JSESSIONID=" + other + "; " + one}, session.ErrDuplicateCookie},
		{"two lines", []string{one, "JSESSIONID=" + other}, session.ErrDuplicateCookie},
		{"two lines, the other order", []string{"JSESSIONID=" + other, one}, session.ErrDuplicateCookie},
		{"two equal ones", []string{one + "; " + one}, session.ErrDuplicateCookie},
		{"two equal lines", []string{one, one}, session.ErrDuplicateCookie},
		{"second one quoted", []string{one + `; JSESSIONID="` + other + `"`}, session.ErrDuplicateCookie},
		{"first one quoted", []string{`JSESSIONID="` + other + `"; ` + one}, session.ErrDuplicateCookie},
		{"second one empty", []string{one + "; JSESSIONID="}, session.ErrDuplicateCookie},
		{"second one without a value", []string{one + "; JSESSIONID"}, session.ErrDuplicateCookie},
		{"second one malformed", []string{one + "; JSESSIONID=x"}, session.ErrDuplicateCookie},
		{"second one with a space before the sign", []string{one + "; JSESSIONID =" + other}, session.ErrDuplicateCookie},
		{"second one with a line end before it", []string{one + "; \rJSESSIONID=" + other}, session.ErrDuplicateCookie},
		{"old dialect", []string{"$Version=1; " + one + "; JSESSIONID=" + other + "; $Path=/api"}, session.ErrDuplicateCookie},
		{"inside another's quotes", []string{`a="; ` + one + `; b="; JSESSIONID=` + other}, session.ErrDuplicateCookie},

		{"quoted", []string{`JSESSIONID="` + id + `"`}, session.ErrBadCookie},
		{"old dialect, one", []string{"$Version=1; " + one}, session.ErrBadCookie},
		{"old dialect afterwards", []string{one + "; $version = 0"}, session.ErrBadCookie},
		{"empty", []string{"JSESSIONID="}, session.ErrBadCookie},
		{"no value", []string{"JSESSIONID"}, session.ErrBadCookie},
		{"space before the sign", []string{"JSESSIONID =" + id}, session.ErrBadCookie},
		{"line end before the name", []string{"\rJSESSIONID=" + id}, session.ErrBadCookie},
		{"space after the sign", []string{"JSESSIONID= " + id}, session.ErrBadCookie},
		{"commas between", []string{one + ",JSESSIONID=" + other}, session.ErrBadCookie},
		{"an engine's id", []string{"JSESSIONID=node0tjwct7qmhig91koj3t7j2fp539.node0"}, session.ErrBadCookie},
		{"one short", []string{one[:len(one)-1]}, session.ErrBadCookie},
		{"one long", []string{one + "A"}, session.ErrBadCookie},
		{"padded", []string{one + "="}, session.ErrBadCookie},
		{"other alphabet", []string{"JSESSIONID=" + strings.Repeat("+", 42) + "A"}, session.ErrBadCookie},
		{"bits left over", []string{"JSESSIONID=" + strings.Repeat("A", 42) + "B"}, session.ErrBadCookie},
		{"percent encoded", []string{"JSESSIONID=%" + id[1:]}, session.ErrBadCookie},
		{"a NUL", []string{"JSESSIONID=\x00" + id[1:]}, session.ErrBadCookie},
		{"unicode", []string{"JSESSIONID=é" + id[2:]}, session.ErrBadCookie},
		{"4 KiB", []string{"JSESSIONID=" + strings.Repeat("A", 4096)}, session.ErrBadCookie},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := session.CookieID(tt.lines, "JSESSIONID")
			if !errors.Is(err, tt.want) {
				t.Fatalf("CookieID(%q) = %v, want %v", tt.lines, err, tt.want)
			}
			if want := id; err == nil && got != want || err != nil && got != "" {
				t.Errorf("CookieID(%q) = %q, want %q or nothing", tt.lines, got, want)
			}
		})
	}
}

// Threat T107: 500 malformed cookies are refused, each as malformed, and the
// store is not asked.
func TestMalformedCookiesOpenNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, good := f.start(t, alice())
	f.store.find = errors.New("asked")
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		bad := mutate(random, strings.TrimPrefix(good, "JSESSIONID="), i)
		if _, err := f.Load(request("JSESSIONID=" + bad)); !errors.Is(err, session.ErrBadCookie) {
			t.Errorf("Load with %q = %v, want ErrBadCookie", bad, err)
		}
	}
	f.store.find = nil
	f.wantLoad(t, nil, good)
}

// mutate makes a valid id malformed in one of several ways.
func mutate(random *rand.Rand, id string, i int) string {
	at := random.IntN(len(id) - 1)
	// No semicolon and no white space, which would end or be cut off.
	strange := string("!\"#$%&'()*+,./:<=>?@[]^`{|}~\x00\x01\x7f\x80\xff"[random.IntN(32)])
	switch i % 6 {
	case 0:
		return id[:at] + strange + id[at+1:]
	case 1:
		return id[:at]
	case 2:
		return id + id[:at+1]
	case 3:
		return id[:at] + strange + id[at:]
	case 4:
		return string([]rune{rune(0x80 + random.IntN(0x10000))}) + id[at:]
	default:
		return id[:len(id)-1] + string("BCDFGHJKLNOPRSTVWXZabdefhijlmnpqrtuvxyz1235679-_"[random.IntN(48)])
	}
}

// Threats T108, T110: the cookies, byte for byte. The order of the attributes
// is that of net/http.
func TestCookieGolden(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		s          session.Session
		end        func(*fixture) func(http.ResponseWriter, *http.Request) error
		set, clear string
	}{
		{
			"api", alice(),
			func(f *fixture) func(http.ResponseWriter, *http.Request) error {
				return func(w http.ResponseWriter, r *http.Request) error { _, err := f.End(r.Context(), w, r); return err }
			},
			"JSESSIONID=<id>; Path=/api; HttpOnly; Secure; SameSite=Lax",
			"JSESSIONID=; Path=/api; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		{
			"page", alicesPage(),
			func(f *fixture) func(http.ResponseWriter, *http.Request) error {
				return func(w http.ResponseWriter, r *http.Request) error {
					_, err := f.EndPage(r.Context(), w, r)
					return err
				}
			},
			"__Host-mfa=<id>; Path=/; HttpOnly; Secure; SameSite=Lax",
			"__Host-mfa=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			w := httptest.NewRecorder()
			// Plain HTTP from a proxy that ends TLS: Secure all the same.
			if _, err := f.Start(t.Context(), w, request(), tt.s); err != nil {
				t.Fatalf("Start: %v", err)
			}
			_, value, _ := strings.Cut(w.Header().Get("Set-Cookie"), "=")
			id, _, _ := strings.Cut(value, ";")
			want := strings.Replace(tt.set, "<id>", id, 1)
			wantHeader(t, w.Header(), want)
			if len(id) != 43 || strings.Contains(strings.ToLower(w.Header().Get("Location")), "jsessionid") {
				t.Errorf("id %q is not of 43 characters, or is in a Location", id)
			}
			name, _, _ := strings.Cut(want, "=")
			w = httptest.NewRecorder()
			if err := tt.end(f)(w, request(name+"="+id)); err != nil {
				t.Fatalf("End: %v", err)
			}
			wantHeader(t, w.Header(), tt.clear)
		})
	}
}

func wantHeader(t *testing.T, h http.Header, want string) {
	t.Helper()
	if got := h.Values("Set-Cookie"); len(got) != 1 || got[0] != want || len(h) != 1 {
		t.Errorf("headers = %q, want Set-Cookie %q alone", h, want)
	}
}

// Threat T109: two cookies open nothing in either order, and the trail says
// so, within bounds.
func TestDuplicateCookies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, victim := f.start(t, alice())
	mallory := alice()
	mallory.Username = "mallory"
	_, tossed := f.start(t, mallory)
	f.wantTrail(t, audit.SessionStarted, audit.SessionStarted)
	for _, lines := range [][]string{
		{victim + "; " + tossed},
		{tossed + "; " + victim},
		{victim, tossed},
		{tossed, victim},
		{victim, victim},
	} {
		f.wantLoad(t, session.ErrDuplicateCookie, lines...)
		e := f.trail.last(t)
		if e.Outcome != audit.Refused || e.Source.String() != "192.0.2.1" || e.Detail["cookie"] != "JSESSIONID" {
			t.Errorf("recorded %+v, want a refusal from 192.0.2.1 of JSESSIONID", e)
		}
	}
	f.wantTrail(t, slices.Repeat([]audit.Name{audit.SessionDuplicate}, 5)...)
	for range 1000 {
		f.wantLoad(t, session.ErrDuplicateCookie, victim, tossed)
	}
	if n := len(f.trail.names()); n > 20 {
		t.Errorf("1000 requests at one moment wrote %d records, want 20 at most", n)
	}
	f.clock.Add(session.DefaultIdle / 2)
	f.wantLoad(t, session.ErrDuplicateCookie, victim, tossed)
	if e := f.trail.last(t); e.Detail["withheld"] == "" {
		t.Errorf("recorded %+v, want the number of records withheld", e)
	}
	f.wantLoad(t, nil, victim)
	f.wantLoad(t, nil, tossed)
}

// Threat T110: a valid id anywhere but in the Cookie header opens nothing.
func TestIDsOutsideTheCookieHeader(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, cookie := f.start(t, alice())
	id := strings.TrimPrefix(cookie, "JSESSIONID=")
	for _, target := range []string{
		"/api/users/current;jsessionid=" + id,
		"/api/users/current;JSESSIONID=" + id + "?a=b",
		"/api/users/current?JSESSIONID=" + id,
		"/api/users/current?jsessionid=" + id,
		"/api/" + id,
	} {
		r := httptest.NewRequest(http.MethodPost, target, strings.NewReader("JSESSIONID="+id))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+id)
		r.Header.Set("Set-Cookie", cookie)
		r.Header.Set("Cookie2", cookie)
		if _, err := f.Load(r); !errors.Is(err, session.ErrNoCookie) {
			t.Errorf("Load of %s = %v, want ErrNoCookie", target, err)
		}
	}
	f.wantLoad(t, nil, cookie)
}

// FuzzCookieID holds the parser against net/http's: what ours takes, that
// reads as the one cookie of the name, with the same value.
func FuzzCookieID(f *testing.F) {
	id := session.NewID()
	for _, seed := range []string{
		"", "JSESSIONID=" + id, "a=b; JSESSIONID=" + id + "; c", "JSESSIONID=" + id + ";JSESSIONID=" + id,
		`JSESSIONID="` + id + `"`, "$Version=1; JSESSIONID=" + id, "JSESSIONID =" + id, ";;=;=;", "JSESSIONID=" + id + "\t; x",
	} {
		f.Add(seed, "")
		f.Add("a=b", seed)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		lines := []string{first, second}
		got, err := session.CookieID(lines, "JSESSIONID")
		peer := (&http.Request{Header: http.Header{"Cookie": lines}}).CookiesNamed("JSESSIONID")
		switch {
		case err == nil:
			if len(peer) != 1 || peer[0].Value != got || peer[0].Quoted || len(got) != 43 {
				t.Errorf("CookieID(%q) = %q, net/http reads %v", lines, got, peer)
			}
		case errors.Is(err, session.ErrNoCookie):
			if len(peer) != 0 {
				t.Errorf("CookieID(%q) found none, net/http reads %v", lines, peer)
			}
		case !errors.Is(err, session.ErrBadCookie) && !errors.Is(err, session.ErrDuplicateCookie):
			t.Errorf("CookieID(%q) = %v, not an error of the contract", lines, err)
		}
	})
}
