package duoclient_test

import (
	"crypto/sha512"
	"strings"
	"testing"

	"mfaserver/duoclient"
)

// Threat T087: a claim named twice, in one case or two, at any depth, is
// refused, whichever comes first; so is a name in another case alone.
func TestDuplicateClaims(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	good := toJSON(t, genuine(issuer, nil))
	body := strings.TrimPrefix(good, "{")
	for name, row := range map[string]struct {
		payload string
		want    error
	}{
		"same name first":    {`{"preferred_username":"admin",` + body, duoclient.ErrTokenMalformed},
		"same name last":     {strings.TrimSuffix(good, "}") + `,"preferred_username":"admin"}`, duoclient.ErrTokenMalformed},
		"same value":         {`{"preferred_username":"test1",` + body, duoclient.ErrTokenMalformed},
		"upper case":         {`{"PREFERRED_USERNAME":"admin",` + body, duoclient.ErrTokenMalformed},
		"mixed case":         {strings.TrimSuffix(good, "}") + `,"Preferred_Username":"admin"}`, duoclient.ErrTokenMalformed},
		"folding letter":     {`{"i\u017fs":"x",` + body, duoclient.ErrTokenMalformed},
		"escaped name":       {`{"\u0061ud":"x",` + body, duoclient.ErrTokenMalformed},
		"inside auth_result": {strings.Replace(good, `"result":"allow"`, `"result":"deny","result":"allow"`, 1), duoclient.ErrTokenMalformed},
		"inside, other case": {strings.Replace(good, `"status":"allow"`, `"status":"allow","STATUS":"deny"`, 1), duoclient.ErrTokenMalformed},
		"inside the context": {strings.Replace(good, `"groups":[]`, `"groups":[{"a":1,"A":2}]`, 1), duoclient.ErrTokenMalformed},
		"other case alone":   {strings.Replace(good, `"preferred_username"`, `"PREFERRED_USERNAME"`, 1), duoclient.ErrTokenUsername},
		"exp in other case":  {strings.Replace(good, `"exp"`, `"Exp"`, 1), duoclient.ErrTokenExpired},
		"trailing data":      {good + "{}", duoclient.ErrTokenMalformed},
		"trailing word":      {good + " x", duoclient.ErrTokenMalformed},
		"byte order mark":    {"\ufeff" + good, duoclient.ErrTokenMalformed},
		"list of claims":     {"[" + good + "]", duoclient.ErrTokenMalformed},
		"null":               {"null", duoclient.ErrTokenMalformed},
		"empty":              {"", duoclient.ErrTokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, u, sign(header, row.payload, sha512.New, clientSecret), row.want)
		})
	}
}

// Threat T091: JSON made to hurt is refused without being built up.
func TestParserAbuse(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	good := toJSON(t, genuine(issuer, nil))
	extra := func(s string) string { return `{"x":` + s + `,` + good[1:] }
	nest := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for name, token := range map[string]string{
		"dots":            strings.Repeat(".", 1<<20),
		"long text":       sign(header, extra(`"`+strings.Repeat("x", 1<<20)+`"`), sha512.New, clientSecret),
		"many members":    sign(header, extra(`{"a":1`+strings.Repeat(`,"b":1`, 1000000)+`}`), sha512.New, clientSecret),
		"deep":            sign(header, extra(nest(10000)), sha512.New, clientSecret),
		"one too deep":    sign(header, extra(nest(32)), sha512.New, clientSecret),
		"unclosed":        sign(header, strings.Repeat("[", 31), sha512.New, clientSecret),
		"lone surrogate":  sign(header, extra(`"\ud800"`), sha512.New, clientSecret),
		"lone low half":   sign(header, extra(`"\udc00"`), sha512.New, clientSecret),
		"two high halves": sign(header, extra(`"\ud800\ud800"`), sha512.New, clientSecret),
		"half in a name":  sign(header, extra(`{"\ud800":1}`), sha512.New, clientSecret),
		"bad UTF-8":       sign(header, extra("\"\xff\""), sha512.New, clientSecret),
		"NaN":             sign(header, extra(`NaN`), sha512.New, clientSecret),
		"control":         sign(header, extra("\"\x01\""), sha512.New, clientSecret),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, u, token, duoclient.ErrTokenMalformed)
		})
	}
	for name, value := range map[string]string{
		"deep enough": nest(31), "whole surrogate pair": `"\ud83d\ude00"`, "escaped backslash": `"\\ud800"`, "brackets in text": `"` + strings.Repeat("[", 99) + `\""`,
	} {
		token := sign(header, extra(value), sha512.New, clientSecret)
		if _, err := u.Verify(token, asked()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Type traps in auth_context never break a login and never make up a value.
func TestAuthContextTolerant(t *testing.T) {
	t.Parallel()
	u, issuer := verifier(t)
	for name, context := range map[string]any{
		"missing": nil, "text": "x", "list": []int{1}, "number": 1, "empty": claims{},
		"wrong types": claims{"factor": 1, "reason": []string{"user_approved"}, "user": "x", "auth_device": []int{}, "access_device": nil, "application": true},
	} {
		id, err := u.Verify(signed(t, genuine(issuer, claims{"auth_context": context, "jti": name})), asked())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if id.Context != (duoclient.AuthContext{}) {
			t.Errorf("%s: %+v, want nothing", name, id.Context)
		}
	}
	id, err := u.Verify(signed(t, genuine(issuer, claims{"auth_context": claims{"factor": "telepathy", "reason": "because", "auth_device": claims{"ip": nil, "name": nil}}})), asked())
	if err != nil || id.Context.Factor != "telepathy" || id.Context.Reason != "because" {
		t.Errorf("unknown words: %+v, %v", id, err)
	}
}
