package duotest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// FuzzAuthorize sends signed payloads and unsigned texts to the authorize
// endpoint: it never breaks, and redirects only where a trusted redirect URI
// says.
func FuzzAuthorize(f *testing.F) {
	s, err := duotest.NewServer(duotest.Config{
		Now:         func() time.Time { return epoch },
		Credentials: duotest.Credentials{ClientID: clientID, ClientSecret: clientSecret},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	good := `{"client_id":"` + clientID + `","scope":"openid","response_type":"code","redirect_uri":"https://localhost/cb",` +
		`"state":"` + state + `","duo_uname":"test1","exp":1700000300}`
	for _, payload := range []string{
		good, "null", "[]", `{"exp":"1e999"}`, strings.Replace(good, "1700000300", `"1700000300"`, 1),
		strings.Replace(good, "https://localhost/cb", "https://[::1]/;script-src *", 1),
		strings.Replace(good, "https://localhost/cb", "htTps://0", 1),
	} {
		f.Add(payload, true)
		f.Add(payload, false)
	}
	f.Fuzz(func(t *testing.T, payload string, signed bool) {
		token := payload
		if signed {
			token = sign(payload, clientSecret)
		}
		query := url.Values{"client_id": {clientID}, "response_type": {"code"}, "request": {token}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.APIHost+duotest.EndpointAuthorize+"?"+query.Encode(), http.NoBody)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w.Code == http.StatusOK && !signed {
			t.Errorf("unsigned text was taken: %q", payload)
		}
		location := w.Header().Get("Location")
		if location != "" && (!signed || !strings.HasPrefix(strings.ToLower(location), "http")) {
			t.Errorf("redirected to %q", location)
		}
		if csp := w.Header().Get("Content-Security-Policy"); strings.Count(csp, ";") > 6 {
			t.Errorf("CSP = %q", csp)
		}
	})
}

// FuzzSignedCall: whatever is sent to a signed API is answered in its envelope,
// and nobody gets in without the secret.
func FuzzSignedCall(f *testing.F) {
	f.Add("GET", "/admin/v1/users", "limit=1", "", "", "Basic eDp5", "Fri, 07 Dec 2012 17:18:00 -0000")
	f.Add("POST", "/admin/v1/users/DUX/phones/%2f", "%", `{"a":[1,{}],"a":null}`, "application/json", "Basic RElYOjAw", "x")
	f.Add("DELETE", "/accounts/v1/account/list/", "a=b&a", "a=%zz", "application/x-www-form-urlencoded", "basic Og==", "")
	f.Add("PoSt", "/auth/v2/auth", "&&=&", "[", "application/json; x", "Basic "+strings.Repeat("A", 300), "Mon, 1 Jan 1 0:0 GMT")
	s, err := duotest.NewServer(duotest.Config{Now: func() time.Time { return epoch }})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, method, path, query, body, media, authorization, date string) {
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method, r.RequestURI = method, "/admin"+path+"?"+query
		r.Header = http.Header{"Content-Type": {media}, "Authorization": {authorization}, "Date": {date}}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		var envelope struct {
			Stat string `json:"stat"`
			Code int    `json:"code"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &envelope); err != nil || envelope.Stat != "FAIL" || envelope.Code/100 != w.Code {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzPromptForm: whatever is typed into the prompt's page, or sent to a
// phone's, is answered with a page, or leads to the application or back to the
// phone, and nothing of it becomes markup.
func FuzzPromptForm(f *testing.F) {
	for _, action := range []string{"approve", "continue", "passcode", "bypass", "enroll", "touch", "call", "scan", "status"} {
		f.Add("/prompt/"+action, "passcode", "<b>1", "device", "DP1")
	}
	f.Add("/sim/phones/test1", "answer", "forget", "push", "x")
	f.Add("/portal", "code", "x", "scan", "yes")
	f.Add("/activate/x", "phone_number", "+1", "key", "WAONE")
	f.Fuzz(func(t *testing.T, path, name, value, name2, value2 string) {
		c := duotest.Config{Now: func() time.Time { return epoch }, Credentials: duotest.Credentials{ClientID: clientID, ClientSecret: clientSecret}}
		everything(&c)
		a := start(t, func(config *duotest.Config) { *config = c })
		const mark = "<i>mark"
		p := a.open("test1")
		form := url.Values{"tx": {p.tx}}
		form.Set(name, value+mark)
		form.Set(name2, value2)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
		r.RequestURI = path
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError || strings.Contains(w.Body.String(), mark) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if to := w.Header().Get("Location"); to != "" && !strings.HasPrefix(to, callbackURI+"?") && !strings.HasPrefix(to, "/sim/phones/") {
			t.Errorf("redirected to %q", to)
		}
	})
}
