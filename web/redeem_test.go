package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/audit"
	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
	"mfaserver/session"
	"mfaserver/web"
)

// second makes a second call.
func (s *site) second(t *testing.T, username, data string, headers ...string) answer {
	t.Helper()
	return s.send(t, "POST", "/api/users/_login", form("username", username), append([]string{"X-Mirth-Login-Data", data}, headers...)...)
}

func TestSecondCall(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.redeem = func(mfa.RedeemRequest) (*mfa.Grant, error) {
		return &mfa.Grant{
			Username: "admin", UserID: 1, Administrator: true, Primary: "SUCCESS_GRACE_PERIOD", Message: "Change your password.",
			Transaction: "tx", Factor: "duo_push", Reason: "user_approved", Device: "phone", Carry: mfa.Carry("sealed"),
		}, nil
	}
	s := newSite(t, w)
	got := s.second(t, "admin", loginData, "User-Agent", "agent", "Cookie", "mfa_binding=b1; JSESSIONID=attacker")
	const want = "<com.mirth.connect.model.LoginStatus>\n  <status>SUCCESS_GRACE_PERIOD</status>\n  <message>Change your password.</message>\n  <updatedUsername>admin</updatedUsername>\n</com.mirth.connect.model.LoginStatus>"
	if got.StatusCode != 200 || got.body != want {
		t.Errorf("= %d %s, want 200 %s", got.StatusCode, got.body, want)
	}
	if c := got.Header.Values("Set-Cookie"); len(c) != 1 || c[0] != "JSESSIONID=new-session-id; Path=/api; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("Set-Cookie = %q", c)
	}
	r := w.redeemed[0]
	if r.FormUsername != "admin" || !slices.Equal(r.HeaderUsername, []string{"admin"}) || r.Primary != "SUCCESS" || r.Code != code || r.State != state || r.RedirectURI != redirect || r.Client.Binding != "b1" {
		t.Errorf("Redeem got %+v", r)
	}
	st := w.started[0]
	if st.Username != "admin" || st.UserID != 1 || !st.Administrator || st.ReadOnly || st.Source != "127.0.0.1" || st.UserAgent != "agent" ||
		st.Transaction != "tx" || st.Factor != "duo_push" || st.Reason != "user_approved" || st.Device != "phone" || string(st.Carry) != "sealed" {
		t.Errorf("session = %+v", st)
	}
	if !slices.Equal(w.noted, []string{"admin"}) || len(w.attempts) != 0 {
		t.Errorf("noted %v, %d passwords checked", w.noted, len(w.attempts))
	}
	if got := s.second(t, "admin", loginData, "Accept", "application/json"); got.body != `{"com.mirth.connect.model.LoginStatus":{"status":"SUCCESS_GRACE_PERIOD","message":"Change your password.","updatedUsername":"admin"}}` {
		t.Errorf("JSON = %s", got.body)
	}
}

// Threat T080: every refused second call is the same answer, byte for byte.
// Threats T054, T060: malformed login data. Threat T055: doubled headers.
// Threat T057: control bytes. Threat T059: size.
func TestSecondCallRefusals(t *testing.T) {
	t.Parallel()
	refused := []error{
		mfa.ErrUnknownState, mfa.ErrExpired, mfa.ErrNotPending, mfa.ErrBinding, mfa.ErrUserMismatch, mfa.ErrStatusMismatch, mfa.ErrRedirectMismatch,
		mfa.ErrCodeSeen, mfa.ErrAccountChanged, mfa.ErrPolicy, mfa.ErrRelayed, mfa.ErrDenied, mfa.ErrSecondFactorRefused,
	}
	reference := newSite(t, newWorld()).first(t, "admin", "wrong")
	if reference.body != deniedXML {
		t.Fatalf("reference = %s", reference.body)
	}
	for _, err := range refused {
		w := newWorld()
		w.redeem = func(mfa.RedeemRequest) (*mfa.Grant, error) { return nil, errors.Join(mfa.ErrRefused, err) }
		sameAnswer(t, err.Error(), newSite(t, w).second(t, "admin", loginData), reference)
	}
	for name, data := range map[string][]string{
		"no colon":     {"x"},
		"four fields":  {"SUCCESS:" + code + ":" + state + ":aHR0cHM6Ly9h"},
		"empty code":   {"admin:SUCCESS::" + state + ":aHR0cHM6Ly9h"},
		"bad state":    {"admin:SUCCESS:" + code + ":" + strings.ToUpper(state) + ":aHR0cHM6Ly9h"},
		"bad base64":   {"admin:SUCCESS:" + code + ":" + state + ":aHR0cHM6Ly9="},
		"no padding":   {strings.TrimRight(loginData, "=")},
		"url alphabet": {"admin:SUCCESS:" + code + ":" + state + ":aHR0cHM6Ly9-_w=="},
		"bad status":   {strings.Replace(loginData, "SUCCESS", "ADMIN", 1)},
		"size":         {strings.Repeat("a", 4097-len(loginData)) + loginData},
		"colons":       {strings.Repeat(":", 4096)},
		"twice":        {loginData, loginData},
		"good and bad": {loginData, "x"},
		"bad and good": {"x", loginData},
		"and blank":    {loginData, " "},
	} {
		w := newWorld()
		s := newSite(t, w)
		request := "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 14\r\n"
		for _, d := range data {
			request += "X-Mirth-Login-Data: " + d + "\r\n"
		}
		sameAnswer(t, name, s.raw(t, request+"\r\nusername=admin"), reference)
		if len(w.redeemed) != 0 || !slices.Contains(w.names(), audit.LoginDataMalformed) {
			t.Errorf("%s: redeemed %d, audit %v", name, len(w.redeemed), w.names())
		}
		for _, e := range w.events {
			if strings.Contains(fmt.Sprint(e), code) || strings.Contains(fmt.Sprint(e), state) {
				t.Errorf("%s: the trail holds code or state: %+v", name, e)
			}
		}
	}
	for b := range 0x80 {
		if b >= 0x20 && b != 0x7f || b == '\t' {
			continue
		}
		w := newWorld()
		got := newSite(t, w).raw(t, "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
			"Content-Length: 14\r\nX-Mirth-Login-Data: ad"+string(rune(b))+"min"+strings.TrimPrefix(loginData, "admin")+"\r\n\r\nusername=admin")
		if got.StatusCode != 400 && got.StatusCode != 401 || len(w.redeemed) != 0 {
			t.Errorf("byte %#x = %d, redeemed %d", b, got.StatusCode, len(w.redeemed))
		}
	}
	folded := newSite(t, newWorld()).raw(t, "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 14\r\n"+
		"X-Mirth-Login-Data: "+strings.Replace(loginData, ":SUCCESS:", ":SUCCESS:\r\n ", 1)+"\r\n\r\nusername=admin")
	sameAnswer(t, "folded", folded, reference)
}

// Troubles that are not the user's fault.
func TestTroubleAtTheSecondCall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		err    error
		status int
		text   string
	}{
		{"in doubt", errors.Join(mfa.ErrStartAgain, mfa.ErrSecondFactorUnavailable), 401, "Start the sign-in again"}, // Threat T079
		{"Duo down", mfa.ErrSecondFactorUnavailable, 401, "second factor is unavailable"},
		{"store down", errors.Join(mfa.ErrUnavailable, errDisk), 503, "cannot check sign-ins"},
		{"unknown", errDisk, 503, "cannot check sign-ins"},
		{"nothing", nil, 503, "cannot check sign-ins"},
	} {
		w := newWorld()
		w.redeem = func(mfa.RedeemRequest) (*mfa.Grant, error) { return nil, tt.err }
		got := newSite(t, w).second(t, "admin", loginData)
		if got.StatusCode != tt.status || !strings.Contains(got.body, tt.text) || !strings.Contains(got.body, "<status>FAIL</status>") || len(w.started) != 0 {
			t.Errorf("%s = %d %s", tt.name, got.StatusCode, got.body)
		}
		if (tt.status == 503) != (got.Header.Get("Retry-After") == "5") {
			t.Errorf("%s: Retry-After %q", tt.name, got.Header.Get("Retry-After"))
		}
	}
	w := newWorld()
	w.startErr = session.ErrUnavailable
	if got := newSite(t, w).second(t, "admin", loginData); got.StatusCode != 503 || got.Header.Get("Set-Cookie") != "" || len(w.noted) != 0 {
		t.Errorf("session store down = %d %v", got.StatusCode, got.Header)
	}
}

// Threat T075: a password at the second call has no effect, right or wrong.
func TestPasswordAtTheSecondCall(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w)
	for _, password := range []string{"right", "wrong", ""} {
		got := s.send(t, "POST", "/api/users/_login", form("username", "admin", "password", password), "X-Mirth-Login-Data", loginData)
		if got.StatusCode != 200 {
			t.Errorf("password %q = %d, want 200", password, got.StatusCode)
		}
	}
	if len(w.attempts) != 0 || strings.Contains(w.logged(), "wrong") {
		t.Errorf("%d passwords checked", len(w.attempts))
	}
}

// Threat T056: names that only look like the header are another header. Threat
// T076: a blank header is none; the first call's rules hold.
func TestLookAlikeHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w)
	for _, header := range []string{
		"X_Mirth_Login_Data: " + loginData, "X-Mirth_Login-Data: " + loginData, "X-Mirth-Login-Data-: " + loginData,
		"X-Mirth-Login-Data:", "X-Mirth-Login-Data:    ", "X-Mirth-Login-Data: \t ",
	} {
		got := s.raw(t, "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nX-Mirth-Server-Url: "+public+
			"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 14\r\n"+header+"\r\n\r\nusername=admin")
		if got.StatusCode != 401 || got.body != deniedXML {
			t.Errorf("%.30q = %d %s, want the refusal of a login without password", header, got.StatusCode, got.body)
		}
	}
	for _, header := range []string{"X-Mirth-Login-Data : " + loginData, "X-Mirth-Login-D\u0430ta: " + loginData} {
		if got := s.raw(t, "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nContent-Length: 0\r\n"+header+"\r\n\r\n"); got.StatusCode != 400 {
			t.Errorf("%.30q = %d, want 400", header, got.StatusCode)
		}
	}
	if len(w.redeemed) != 0 || len(w.attempts) != 0 {
		t.Errorf("redeemed %d, attempts %d; want none", len(w.redeemed), len(w.attempts))
	}
}

// Threat T058: the header's username in either encoding, the form's in UTF-8.
func TestUsernamesOutsideASCII(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newSite(t, w)
	for _, name := range []string{"jos\xc3\xa9", "jos\xe9"} {
		body := form("username", "josé")
		s.raw(t, "POST /api/users/_login HTTP/1.1\r\nHost: a\r\nX-Requested-With: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
			fmt.Sprintf("Content-Length: %d\r\nX-Mirth-Login-Data: %s\r\n\r\n%s", len(body), name+strings.TrimPrefix(loginData, "admin"), body))
	}
	for i, r := range w.redeemed {
		if r.FormUsername != "josé" || !slices.Contains(r.HeaderUsername, "josé") {
			t.Errorf("%d: form %q, header %q; want josé in both", i, r.FormUsername, r.HeaderUsername)
		}
	}
	if len(w.redeemed) != 2 {
		t.Errorf("redeemed %d, want 2", len(w.redeemed))
	}
}

// Threat T074: twenty bad second calls a minute, then none reaches the flow.
func TestSecondCallsAreThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.redeem = func(mfa.RedeemRequest) (*mfa.Grant, error) {
		return nil, errors.Join(mfa.ErrRefused, mfa.ErrUnknownState)
	}
	s := newSite(t, w)
	for i := range 20 {
		data := loginData
		if i%2 == 0 {
			data = "x"
		}
		if got := s.second(t, "admin", data); got.StatusCode != 401 {
			t.Fatalf("call %d = %d, want 401", i, got.StatusCode)
		}
	}
	got := s.second(t, "admin", loginData)
	if got.StatusCode != 429 || got.Header.Get("Retry-After") == "" || !strings.Contains(got.body, "FAIL_LOCKED_OUT") {
		t.Errorf("call 21 = %d %s", got.StatusCode, got.body)
	}
	if got := s.second(t, "admin", loginData, "User-Agent", "Jersey/2.22.1 (Mirth Server Connection)"); got.StatusCode != 401 || !strings.Contains(got.body, "FAIL_LOCKED_OUT") {
		t.Errorf("stock client = %d %s", got.StatusCode, got.body)
	}
	if len(w.redeemed) != 10 || !slices.Contains(w.names(), audit.LoginThrottled) {
		t.Errorf("%d reached the flow, want 10; audit %v", len(w.redeemed), w.names())
	}
	// First calls are counted elsewhere.
	if got := s.first(t, "admin", "right"); got.StatusCode != 401 || !strings.Contains(got.body, "authURL") {
		t.Errorf("first call = %d %s", got.StatusCode, got.body)
	}
}

// Threat T074: while nobody can say whether a source guesses, no login data are
// looked at; and the trail does not say that it does.
func TestSecondCallsThatCannotBeCounted(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s := newBentSite(t, w, func(d *web.Deps) { d.SecondCalls = scriptedLimiter{check: errDisk} })
	if got := s.second(t, "admin", loginData); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("= %d %s, want 503", got.StatusCode, got.body)
	}
	if len(w.redeemed) != 0 || slices.Contains(w.names(), audit.LoginThrottled) {
		t.Errorf("%d reached the flow, want none; audit %v", len(w.redeemed), w.names())
	}
}

// A success is no failure, however often.
func TestSuccessesAreNotThrottled(t *testing.T) {
	t.Parallel()
	s := newSite(t, newWorld())
	for i := range 30 {
		if got := s.second(t, "admin", loginData); got.StatusCode != 200 {
			t.Fatalf("call %d = %d, want 200", i, got.StatusCode)
		}
	}
}

// brokenWriter is a client that is gone.
type brokenWriter struct{ *httptest.ResponseRecorder }

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// Threat T078: a session whose answer is seen not to arrive is ended; the
// exchange itself goes on when the client leaves.
func TestUndeliveredSessionIsAbandoned(t *testing.T) {
	t.Parallel()
	w := newWorld()
	s, err := web.New(w.config(), w.deps(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/users/_login", strings.NewReader("username=admin"))
	r.RequestURI = "/api/users/_login"
	r.Header.Set("X-Requested-With", "x")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Mirth-Login-Data", loginData)
	s.ServeHTTP(brokenWriter{httptest.NewRecorder()}, r)
	if len(w.redeemed) != 1 || len(w.abandoned) != 1 || w.abandoned[0] != w.started[0].Key {
		t.Errorf("redeemed %d, started %d, abandoned %v", len(w.redeemed), len(w.started), w.abandoned)
	}
}

// Threat R38: an account that was disabled, or got another password, between
// the last look of the flow and its session does not keep the session: who did
// it found none to end.
func TestAccountChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		disturb func(*mfatest.Accounts)
		status  int
		event   audit.Name
	}{
		{"disabled", func(a *mfatest.Accounts) { a.Change("admin") }, http.StatusUnauthorized, audit.MFAAccountChanged},
		{"nobody can tell", func(a *mfatest.Accounts) { a.Fail(errors.New("disk")) }, http.StatusServiceUnavailable, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			accounts := &mfatest.Accounts{}
			tt.disturb(accounts)
			w.accounts = accounts
			w.redeem = func(mfa.RedeemRequest) (*mfa.Grant, error) {
				return &mfa.Grant{Username: "admin", UserID: 1, Primary: "SUCCESS", Transaction: "tx"}, nil
			}
			s := newSite(t, w)
			got := s.second(t, "admin", loginData)
			if got.StatusCode != tt.status || len(got.Header.Values("Set-Cookie")) != 0 {
				t.Errorf("= %d with cookies %q, want %d with none", got.StatusCode, got.Header.Values("Set-Cookie"), tt.status)
			}
			if len(w.started) != 1 || len(w.abandoned) != 1 || w.abandoned[0] != w.started[0].Key || len(w.noted) != 0 {
				t.Errorf("started %d, abandoned %v, noted %v", len(w.started), w.abandoned, w.noted)
			}
			if tt.event != "" && !slices.ContainsFunc(w.events, func(e audit.Event) bool { return e.Name == tt.event && e.Outcome == audit.Refused }) {
				t.Errorf("no %s on the trail", tt.event)
			}
		})
	}
}
