package duoclient_test

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

func TestExchange(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	u := f.client(t)
	f.answerToken(give(signed(t, genuine(u.TokenURL(), nil))))
	id, err := u.Exchange(t.Context(), asked())
	if err != nil || id.Username != username || id.Context.Factor != "duo_push" {
		t.Fatalf("Exchange = %+v, %v", id, err)
	}
	form := f.seen()[0].Form
	proof := form["client_assertion"]
	delete(form, "client_assertion")
	want := map[string]string{
		"grant_type": "authorization_code", "code": duoCode, "redirect_uri": redirectURI, "client_id": clientID,
		"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
	}
	if fmt.Sprint(form) != fmt.Sprint(want) {
		t.Errorf("form %v, want %v", form, want)
	}
	checkAssertion(t, proof, u.TokenURL())
	// Threat T090: the simulator gives the same token for a second code.
	if _, err := u.Exchange(t.Context(), asked()); !errors.Is(err, duoclient.ErrTokenReused) {
		t.Errorf("second exchange = %v, want ErrTokenReused", err)
	}
}

// checkAssertion checks a client assertion with no help from the package, and
// gives its jti.
func checkAssertion(t *testing.T, proof, endpoint string) string {
	t.Helper()
	parts := strings.Split(proof, ".")
	if len(parts) != 3 {
		t.Fatalf("assertion has %d parts", len(parts))
	}
	if want := encode(mac(parts[0]+"."+parts[1], sha512.New, clientSecret)); parts[2] != want {
		t.Error("assertion is not signed with the secret")
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || string(head) != header {
		t.Errorf("header %s, %v", head, err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(payload, &got); err != nil {
		t.Fatal(err)
	}
	jti, _ := got["jti"].(string)
	if len(jti) != 36 {
		t.Errorf("jti has %d characters, want 36", len(jti))
	}
	delete(got, "jti")
	want := map[string]any{"iss": clientID, "sub": clientID, "aud": endpoint, "exp": float64(noon.Unix() + 300)}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("assertion %v, want %v", got, want)
	}
	return jti
}

// Threat T102: a thousand assertions have a thousand jti, each names its
// endpoint alone and lives 300 s.
func TestAssertionsUnique(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.answerToken(reply(400, `{"error":"invalid_grant"}`))
	u := f.client(t)
	for range 500 {
		if _, err := u.HealthCheck(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := u.Exchange(t.Context(), asked()); !errors.Is(err, duoclient.ErrCodeRefused) {
			t.Fatal(err)
		}
	}
	jti := map[string]bool{}
	for _, c := range f.seen() {
		jti[checkAssertion(t, c.Form["client_assertion"], f.URL+c.Path)] = true
	}
	if len(jti) != 1000 {
		t.Errorf("%d different jti, want 1000", len(jti))
	}
}

// Threats T079, T095, T096: each answer has its class, and the code goes out
// once whatever comes back.
func TestExchangeAnswers(t *testing.T) {
	t.Parallel()
	oauth := func(word string) http.HandlerFunc {
		return reply(400, `{"error":"`+word+`","error_description":"said so"}`)
	}
	token := func(body string) http.HandlerFunc { return reply(200, body) }
	for _, row := range []struct {
		name  string
		h     http.HandlerFunc
		want  error
		class duoclient.Class
	}{
		{"invalid_grant", oauth("invalid_grant"), duoclient.ErrCodeRefused, duoclient.ClassRefusal},
		{"invalid_client", oauth("invalid_client"), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured},
		{"unauthorized_client", oauth("unauthorized_client"), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured},
		{"invalid_request", oauth("invalid_request"), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured},
		{"unsupported_grant_type", oauth("unsupported_grant_type"), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured},
		{"unknown word", oauth("toto"), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured},
		{"server_error", oauth("server_error"), duoclient.ErrOutage, duoclient.ClassOutage},
		{"invalid_client, clock off", dated(400, `{"error":"invalid_client"}`, noon.Add(61*time.Second)), duoclient.ErrClockSkew, duoclient.ClassClockSkew},
		{"a redirect with words", reply(302, `{"error":"invalid_grant"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"invalid_client, no clock", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", "yesterday")
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
		}, duoclient.ErrMisconfigured, duoclient.ClassMisconfigured},
		{"invalid_grant, clock off", dated(400, `{"error":"invalid_grant"}`, noon.Add(time.Hour)), duoclient.ErrCodeRefused, duoclient.ClassRefusal},
		{"Duo's envelope", reply(400, `{"stat":"FAIL","code":40002,"message":"invalid_grant"}`), duoclient.ErrCodeRefused, duoclient.ClassRefusal},
		{"400 with a token", reply(400, `{"id_token":"x"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"400 HTML", reply(400, "<html>"), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"500", reply(500, ""), duoclient.ErrOutage, duoclient.ClassOutage},
		{"503", reply(503, `{"error":"invalid_grant"}`), duoclient.ErrOutage, duoclient.ClassOutage},
		{"429", reply(429, ""), duoclient.ErrRateLimited, duoclient.ClassBusy},
		{"200 HTML", token("<html>"), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"200 empty object", token("{}"), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"200 error", token(`{"error":"invalid_grant"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"no access_token", token(`{"id_token":"a.b.c","expires_in":3600,"token_type":"Bearer"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"other token_type", token(`{"id_token":"a.b.c","access_token":"x","expires_in":3600,"token_type":"mac"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"expires_in 0", token(`{"id_token":"a.b.c","access_token":"x","expires_in":0,"token_type":"Bearer"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"expires_in -1", token(`{"id_token":"a.b.c","access_token":"x","expires_in":-1,"token_type":"Bearer"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"expires_in without end", token(`{"id_token":"a.b.c","access_token":"x","expires_in":99999999999999999999,"token_type":"Bearer"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"id_token number", token(`{"id_token":1,"access_token":"x","expires_in":3600,"token_type":"Bearer"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"two id_tokens", token(`{"id_token":"a","ID_TOKEN":"b","access_token":"x","expires_in":3600,"token_type":"Bearer"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed},
		{"bad token", give("a.b.c"), duoclient.ErrTokenMalformed, duoclient.ClassRefusal},
		{"cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, duoclient.ErrOutage, duoclient.ClassOutage},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.answerToken(row.h)
			id, err := f.client(t).Exchange(t.Context(), asked())
			if id != nil || !errors.Is(err, row.want) || duoclient.Classify(err) != row.class {
				t.Errorf("Exchange = %v, %v (%v), want %v", id, err, duoclient.Classify(err), row.want)
			}
			if errors.Is(err, duoclient.ErrNotSent) {
				t.Errorf("%v claims that the code was not sent", err)
			}
			if n := len(f.seen()); n != 1 {
				t.Errorf("the code went out %d times, want once", n)
			}
		})
	}
}

// Threat T089: the refusal tells what Duo said, made safe.
func TestNotAllowedText(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	_, err := u.Verify(signed(t, genuine(issuer, claims{"auth_result": claims{"result": "deny", "status": "fraud", "status_msg": "Denied\nby user " + state}})), asked())
	const want = `duoclient: second factor not allowed: result "deny", status "fraud": Denied?by user [cut]`
	if !errors.Is(err, duoclient.ErrNotAllowed) || err.Error() != want {
		t.Errorf("Verify = %q, want %q", err, want)
	}
}

// Arguments out of range are refused before anything is sent.
func TestExchangeArguments(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	u := f.client(t)
	for name, change := range map[string]func(*duoclient.ExchangeRequest){
		"no code":        func(r *duoclient.ExchangeRequest) { r.Code = "" },
		"long code":      func(r *duoclient.ExchangeRequest) { r.Code = strings.Repeat("x", 1025) },
		"blank in code":  func(r *duoclient.ExchangeRequest) { r.Code = "a b" },
		"control":        func(r *duoclient.ExchangeRequest) { r.Code = "a\nb" },
		"no username":    func(r *duoclient.ExchangeRequest) { r.Username = "" },
		"no nonce":       func(r *duoclient.ExchangeRequest) { r.Nonce = "" },
		"short nonce":    func(r *duoclient.ExchangeRequest) { r.Nonce = "0123456789abcde" },
		"no redirect":    func(r *duoclient.ExchangeRequest) { r.RedirectURI = "" },
		"no prompt time": func(r *duoclient.ExchangeRequest) { r.NotBefore = time.Time{} },
	} {
		r := asked()
		change(&r)
		_, err := u.Exchange(t.Context(), r)
		if !errors.Is(err, duoclient.ErrArgument) || !errors.Is(err, duoclient.ErrNotSent) {
			t.Errorf("%s: %v, want ErrArgument and ErrNotSent", name, err)
		}
	}
	if n := len(f.seen()); n != 0 {
		t.Errorf("%d calls, want none", n)
	}
}

// Threat T036: Duo in another's pay that swaps the request answers for
// another user or nonce, and is refused.
func TestSwappedRequest(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	u := f.client(t)
	for _, row := range []struct {
		changes claims
		want    error
	}{
		{claims{"preferred_username": "mallory"}, duoclient.ErrTokenUsername},
		{claims{"nonce": strings.Repeat("f", 36)}, duoclient.ErrTokenNonce},
	} {
		f.answerToken(give(signed(t, genuine(u.TokenURL(), row.changes))))
		if _, err := u.Exchange(t.Context(), asked()); !errors.Is(err, row.want) {
			t.Errorf("Exchange = %v, want %v", err, row.want)
		}
	}
}

// Nothing that the other side sends back carries our secrets into an error.
func TestErrorsHideSecrets(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	echo := func(status int, format string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", noon.Format(http.TimeFormat))
			w.Header().Set("Location", "https://127.0.0.1/?"+r.PostForm.Encode())
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, format, r.PostForm.Get("code"), r.PostForm.Get("client_assertion"))
		}
	}
	garbage := func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, r.PostForm.Get("code")+" "+r.PostForm.Get("client_assertion")+"\r\n\r\n")
		_ = conn.Close()
	}
	u := f.client(t)
	r := asked()
	r.Code = "short-code"
	for name, h := range map[string]http.HandlerFunc{
		"oauth":    echo(400, `{"error":"invalid_grant","error_description":"code %s of %s"}`),
		"error":    echo(400, `{"error":"%s %s"}`),
		"envelope": echo(400, `{"stat":"FAIL","message":"%s","message_detail":"%s"}`),
		"html":     echo(200, `<html>%s %s`),
		"server":   echo(500, `%s %s`),
		"redirect": echo(302, `%s %s`),
		"token":    echo(200, `{"id_token":"%s.%s","access_token":"x","expires_in":1,"token_type":"Bearer"}`),
		"garbage":  garbage,
	} {
		f.answerToken(h)
		_, err := u.Exchange(t.Context(), r)
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		calls := f.seen()
		proof := calls[len(calls)-1].Form["client_assertion"]
		texts := []string{fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), toJSON(t, err)}
		if api, ok := errors.AsType[*duoclient.APIError](err); ok {
			texts = append(texts, api.Message, api.Detail, fmt.Sprintf("%+v", *api))
		}
		for _, text := range texts {
			for _, hidden := range []string{r.Code, r.Nonce, clientSecret, proof, strings.Split(proof, ".")[2], strings.Split(proof, ".")[1]} {
				if strings.Contains(text, hidden) {
					t.Errorf("%s: %q shows %q", name, text, hidden)
				}
			}
		}
	}
}
