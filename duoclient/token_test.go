package duoclient_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"math"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

// refused holds a token against want, and reports that every fault of a token
// also is ErrBadToken and never an outage.
func refused(t *testing.T, u *duoclient.Universal, token string, want error) {
	t.Helper()
	id, err := u.Verify(token, asked())
	if id != nil || !errors.Is(err, want) {
		t.Fatalf("Verify = %v, %v, want %v", id, err, want)
	}
	if !errors.Is(want, duoclient.ErrNotAllowed) && !errors.Is(err, duoclient.ErrBadToken) {
		t.Errorf("%v does not match ErrBadToken", err)
	}
	if got := duoclient.Classify(err); got != duoclient.ClassRefusal {
		t.Errorf("Classify = %v, want refusal", got)
	}
}

func TestGenuineToken(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	id, err := u.Verify(signed(t, genuine(issuer, nil)), asked())
	if err != nil {
		t.Fatal(err)
	}
	want := duoclient.Identity{
		Username: username, Subject: username, IssuedAt: noon, ExpiresAt: noon.Add(time.Hour), AuthTime: noon, Message: "Login Successful",
		Context: duoclient.AuthContext{
			TxID: "8f4a6a2e-6b8a-4f0e-9a2c-6f0c0c9b8f11", EventType: "authentication", Factor: "duo_push", Reason: "user_approved", Result: "success",
			UserKey: "DUXXXXXXXXXXXXXXXXXX", UserName: username, AuthDeviceName: "My phone", AuthDeviceIP: "192.0.2.10",
			AccessDeviceIP: "192.0.2.20", AccessBrowser: "Chrome", AccessOS: "Mac OS X", ApplicationName: "Web SDK",
		},
	}
	if *id != want {
		t.Errorf("Verify = %+v, want %+v", *id, want)
	}
}

// Threat T082: no token chooses its algorithm, and no header member changes
// what the token means; nothing named in a header is fetched.
func TestAlgorithmConfusion(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	payload := toJSON(t, genuine(issuer, nil))
	good := sign(header, payload, sha512.New, clientSecret)
	parts := strings.Split(good, ".")
	other := sign(header, toJSON(t, genuine(issuer, claims{"jti": "x"})), sha512.New, clientSecret)
	with := func(h string) string { return sign(h, payload, sha512.New, clientSecret) }
	hs := func(h string, n func() hash.Hash) string { return sign(h, payload, n, clientSecret) }
	attackersKey := `{"kty":"oct","k":"AAAA"}`
	for _, row := range []struct {
		name  string
		token string
		want  error
	}{
		{"none", encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + ".", duoclient.ErrTokenAlgorithm},
		{"none signed", with(`{"alg":"none","typ":"JWT"}`), duoclient.ErrTokenAlgorithm},
		{"None", with(`{"alg":"None","typ":"JWT"}`), duoclient.ErrTokenAlgorithm},
		{"empty alg", with(`{"alg":"","typ":"JWT"}`), duoclient.ErrTokenAlgorithm},
		{"missing alg", with(`{"typ":"JWT"}`), duoclient.ErrTokenAlgorithm},
		{"alg null", with(`{"alg":null,"typ":"JWT"}`), duoclient.ErrTokenAlgorithm},
		{"alg list", with(`{"alg":["HS512"],"typ":"JWT"}`), duoclient.ErrTokenAlgorithm},
		{"HS256", hs(`{"alg":"HS256","typ":"JWT"}`, sha256.New), duoclient.ErrTokenAlgorithm},
		{"HS384", hs(`{"alg":"HS384","typ":"JWT"}`, sha512.New384), duoclient.ErrTokenAlgorithm},
		{"RS256 with the secret as text", hs(`{"alg":"RS256","typ":"JWT"}`, sha256.New), duoclient.ErrTokenAlgorithm},
		{"HS512 said, HS256 done", hs(header, sha256.New), duoclient.ErrTokenSignature},
		{"lower case", with(`{"alg":"hs512","typ":"JWT"}`), duoclient.ErrTokenAlgorithm},
		{"member name in other case", with(`{"ALG":"HS512","typ":"JWT"}`), duoclient.ErrTokenAlgorithm},
		{"two alg keys", with(`{"alg":"HS512","alg":"HS512"}`), duoclient.ErrTokenMalformed},
		{"two alg keys in two cases", with(`{"alg":"HS512","Alg":"none"}`), duoclient.ErrTokenMalformed},
		{"crit", with(`{"alg":"HS512","crit":["exp"]}`), duoclient.ErrTokenAlgorithm},
		{"b64 false", with(`{"alg":"HS512","b64":false}`), duoclient.ErrTokenAlgorithm},
		{"zip", with(`{"alg":"HS512","zip":"DEF"}`), duoclient.ErrTokenAlgorithm},
		{"jku", with(`{"alg":"HS512","jku":"https://127.0.0.1/keys"}`), duoclient.ErrTokenAlgorithm},
		{"jwk", with(`{"alg":"HS512","jwk":` + attackersKey + `}`), duoclient.ErrTokenAlgorithm},
		{"x5u", with(`{"alg":"HS512","x5u":"https://127.0.0.1/cert"}`), duoclient.ErrTokenAlgorithm},
		{"kid", with(`{"alg":"HS512","kid":"../../dev/null"}`), duoclient.ErrTokenAlgorithm},
		{"typ of another kind", with(`{"alg":"HS512","typ":"JWE"}`), duoclient.ErrTokenAlgorithm},
		{"five segments", good + ".AAAA.AAAA", duoclient.ErrTokenMalformed},
		{"two segments", parts[0] + "." + parts[1], duoclient.ErrTokenMalformed},
		{"JSON serialisation", `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, duoclient.ErrTokenMalformed},
		{"empty signature", parts[0] + "." + parts[1] + ".", duoclient.ErrTokenSignature},
		{"signature of another token", parts[0] + "." + parts[1] + "." + strings.Split(other, ".")[2], duoclient.ErrTokenSignature},
		{"signature cut short", parts[0] + "." + parts[1] + "." + encode(mac(parts[0]+"."+parts[1], sha512.New, clientSecret)[:32]), duoclient.ErrTokenSignature},
		{"another secret", sign(header, payload, sha512.New, strings.Repeat("x", 40)), duoclient.ErrTokenSignature},
		{"empty secret", sign(header, payload, sha512.New, ""), duoclient.ErrTokenSignature},
		{"empty", "", duoclient.ErrTokenMalformed},
		{"dots", "..", duoclient.ErrTokenMalformed},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			refused(t, u, row.token, row.want)
		})
	}
	for _, h := range []string{header, `{"typ":"JWT","alg":"HS512"}`, `{"alg":"HS512"}`} {
		token := sign(h, toJSON(t, genuine(issuer, claims{"jti": h})), sha512.New, clientSecret)
		if _, err := u.Verify(token, asked()); err != nil {
			t.Errorf("header %s: %v", h, err)
		}
	}
}

// Threat T083: one token has one spelling; every other is refused.
func TestTokenMutation(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	good := signed(t, genuine(issuer, claims{"auth_context": nil, "auth_time": nil, "sub": nil}))
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\r\x00"
	accepted := 0
	try := func(token string) {
		if _, err := duoclient.OpenJWT(token, []byte(clientSecret)); err == nil {
			accepted++
			t.Errorf("accepted %q", token)
		} else if !errors.Is(err, duoclient.ErrBadToken) {
			t.Fatalf("OpenJWT = %v, want ErrBadToken", err)
		}
	}
	for i := range len(good) {
		for j := range len(alphabet) {
			if alphabet[j] != good[i] {
				try(good[:i] + alphabet[j:j+1] + good[i+1:])
			}
		}
		for bit := range 8 {
			flipped := []byte(good)
			flipped[i] ^= 1 << bit
			try(string(flipped))
		}
		try(good[:i] + good[i+1:])
	}
	for i := range len(good) + 1 {
		for _, insert := range []string{"\n", "\r", " ", "=", "A", "."} {
			try(good[:i] + insert + good[i:])
		}
	}
	parts := strings.Split(good, ".")
	std := func(s string) string {
		data, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(data)
	}
	try(parts[0] + "." + parts[1] + "." + std(parts[2]))
	try(good + "==")
	if _, err := u.Verify(good, asked()); err != nil || accepted != 0 {
		t.Errorf("the token itself: %v; %d mutants accepted", err, accepted)
	}
}

// Claims that must be refused, each for its own reason.
func TestClaims(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	for _, group := range []struct {
		claim string
		want  error
		bad   map[string]any
	}{
		// Threat T084: only the client ID, or a list of it alone.
		{"aud", duoclient.ErrTokenAudience, map[string]any{
			"another": "DIYYYYYYYYYYYYYYYYYY", "empty": "", "two": []string{clientID, clientID}, "two others": []string{clientID, "x"},
			"number": 1, "nested": []any{[]string{clientID}}, "object": claims{"0": clientID}, "missing": nil, "trailing space": clientID + " ",
			"empty list": []string{}, "list of another": []string{"x"}, "lower case": strings.ToLower(clientID), "true": true,
		}},
		// Threat T085: only the token URL.
		{"iss", duoclient.ErrTokenIssuer, map[string]any{
			"http": "http://" + duoHost + "/oauth/v1/token", "other host": "https://api-test0002.duosecurity.com/oauth/v1/token",
			"trailing slash": issuer + "/", "upper case": strings.ToUpper(issuer), "host in upper case": "https://API-TEST0001.duosecurity.com/oauth/v1/token",
			"missing": nil, "empty": "", "no path": "https://" + duoHost, "list": []string{issuer}, "with port": "https://" + duoHost + ":443/oauth/v1/token",
			"client ID": clientID, "query": issuer + "?",
		}},
		// Threat T086: only the nonce of this request.
		{"nonce", duoclient.ErrTokenNonce, map[string]any{
			"missing": nil, "empty": "", "another's": strings.Repeat("0", 36), "other case": strings.ToUpper(nonce), "prefix": nonce[:35],
			"longer": nonce + "0", "number": 1, "list": []string{nonce}, "state": state,
		}},
		// Threat T087: the very bytes of duo_uname.
		{"preferred_username", duoclient.ErrTokenUsername, map[string]any{
			"other case": "Test1", "trailing blank": "test1 ", "full-width twin": "ｔest1", "combining twin": "te\u0301st1", "missing": nil,
			"number": 1, "list": []string{username}, "empty": "", "another": "admin", "with NUL": "test1\x00",
		}},
		// Threat T088: integers, in bounds.
		{"iat", duoclient.ErrTokenIssuedAt, map[string]any{
			"missing": nil, "float": float64(noon.Unix()) + 0.5, "text": fmt.Sprint(noon.Unix()), "negative": -1, "huge": 1e308,
			"year 9999": 253402300799, "before the request": noon.Unix() - 121, "a month old": noon.Unix() - 30*86400, "in the future": noon.Unix() + 61,
			"zero": 0, "list": []int64{noon.Unix()}, "true": true,
		}},
		{"exp", duoclient.ErrTokenExpired, map[string]any{
			"missing": nil, "float": float64(noon.Unix()) + 0.5, "text": fmt.Sprint(noon.Unix() + 60), "negative": -1, "huge": 1e308,
			"year 9999": 253402300799, "past": noon.Unix() - 60, "more than an hour": noon.Unix() + 3601, "greatest": uint64(math.MaxInt64), "too great": uint64(math.MaxUint64),
		}},
		{"nbf", duoclient.ErrTokenIssuedAt, map[string]any{"in the future": noon.Unix() + 61, "text": "0"}},
		// Threat T089: allow and allow, nothing else.
		{"auth_result", duoclient.ErrNotAllowed, map[string]any{
			"missing": nil, "deny": claims{"result": "deny", "status": "deny"}, "fraud": claims{"result": "fraud", "status": "fraud"},
			"waiting": claims{"result": "waiting", "status": "waiting"}, "upper case": claims{"result": "ALLOW", "status": "ALLOW"},
			"blank": claims{"result": "allow ", "status": "allow"}, "ALLOW blank": claims{"result": "ALLOW ", "status": "allow"},
			"true": claims{"result": true, "status": true}, "status missing": claims{"result": "allow"}, "result missing": claims{"status": "allow"},
			"status deny": claims{"result": "allow", "status": "deny"}, "result deny": claims{"result": "deny", "status": "allow"},
			"text": "allow", "list": []any{claims{"result": "allow", "status": "allow"}}, "names in other case": claims{"Result": "allow", "Status": "allow"},
		}},
	} {
		for name, value := range group.bad {
			t.Run(group.claim+"/"+name, func(t *testing.T) {
				t.Parallel()
				refused(t, u, signed(t, genuine(issuer, claims{group.claim: value})), group.want)
			})
		}
	}
	// Threat T084: a list with the one right value is the same as the value.
	if _, err := u.Verify(signed(t, genuine(issuer, claims{"aud": []string{clientID}})), asked()); err != nil {
		t.Errorf("single-element aud: %v", err)
	}
}

// Threats T086, T087: nothing asked for is answered by nothing.
func TestNothingAskedFor(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	r := asked()
	r.Nonce = ""
	if _, err := u.Verify(signed(t, genuine(issuer, claims{"nonce": ""})), r); !errors.Is(err, duoclient.ErrTokenNonce) {
		t.Errorf("no nonce: %v, want %v", err, duoclient.ErrTokenNonce)
	}
	r = asked()
	r.Username = ""
	if _, err := u.Verify(signed(t, genuine(issuer, claims{"preferred_username": ""})), r); !errors.Is(err, duoclient.ErrTokenUsername) {
		t.Errorf("no name: %v, want %v", err, duoclient.ErrTokenUsername)
	}
	r = asked()
	r.NotBefore = time.Unix(0, 0)
	if _, err := u.Verify(signed(t, genuine(issuer, claims{"iat": "0", "exp": noon.Unix()})), r); !errors.Is(err, duoclient.ErrTokenIssuedAt) {
		t.Errorf("no time of issue: %v, want %v", err, duoclient.ErrTokenIssuedAt)
	}
}

// Threat T088: each bound of the times, one second to either side, by a fixed
// clock.
func TestTimeBounds(t *testing.T) {
	t.Parallel()
	now := noon.Unix()
	prompt := noon.Add(-time.Minute).Unix()
	for _, row := range []struct {
		name     string
		iat, exp int64
		want     error
	}{
		{"oldest iat", prompt - 60, now + 60, nil},
		{"iat too old", prompt - 61, now + 60, duoclient.ErrTokenIssuedAt},
		{"newest iat", now + 60, now + 120, nil},
		{"iat too new", now + 61, now + 120, duoclient.ErrTokenIssuedAt},
		{"just not expired", now - 60, now - 59, nil},
		{"expired", now - 60, now - 60, duoclient.ErrTokenExpired},
		{"expired longer", now - 61, now - 61, duoclient.ErrTokenExpired},
		{"an hour of life", now, now + 3600, nil},
		{"a second more", now, now + 3601, duoclient.ErrTokenExpired},
		{"an hour from the newest iat", now + 60, now + 3660, nil},
	} {
		for _, fraction := range []time.Duration{0, 999 * time.Millisecond} {
			t.Run(fmt.Sprint(row.name, fraction), func(t *testing.T) {
				t.Parallel()
				u, issuer := verifier(t, duoclient.WithClock(clockAt(noon.Add(fraction))))
				r := asked()
				r.NotBefore = r.NotBefore.Add(fraction)
				_, err := u.Verify(signed(t, genuine(issuer, claims{"iat": row.iat, "exp": row.exp})), r)
				if !errors.Is(err, row.want) {
					t.Errorf("Verify = %v, want %v", err, row.want)
				}
			})
		}
	}
}
