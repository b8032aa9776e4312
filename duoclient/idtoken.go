package duoclient

import (
	"fmt"
	"time"
)

const (
	// leeway is how far the clocks may differ.
	leeway = 60
	// maxTokenLife is the longest span from iat to exp.
	maxTokenLife = 3600
)

// expectation is what an ID token must say.
type expectation struct {
	issuer    string
	audience  string
	nonce     string
	username  string
	notBefore time.Time
	now       time.Time
}

// checkClaims holds signed claims against what was asked, in a fixed order,
// and gives them read. Member names and values are exact;
// times are whole seconds. The verdict comes last, so that ErrNotAllowed is
// said only of a token that is genuine in all else.
func checkClaims(data []byte, want expectation) (object, error) {
	claims, err := parseObject(data)
	if err != nil {
		return nil, badToken(ErrTokenMalformed, "claims: "+err.Error())
	}
	for _, check := range []func(object, expectation) error{
		checkIssuer, checkAudience, checkNonce, checkUsername, checkIssuedAt, checkExpiry,
	} {
		if err := check(claims, want); err != nil {
			return nil, err
		}
	}
	if err := checkResult(claims); err != nil {
		return nil, err
	}
	return claims, nil
}

func checkIssuer(claims object, want expectation) error {
	if claims["iss"] != want.issuer {
		return badToken(ErrTokenIssuer, "iss is not the token URL")
	}
	return nil
}

func checkAudience(claims object, want expectation) error {
	aud := claims["aud"]
	if list, ok := aud.([]any); ok && len(list) == 1 {
		aud = list[0]
	}
	if aud != want.audience {
		return badToken(ErrTokenAudience, "aud is not the client ID alone")
	}
	return nil
}

func checkNonce(claims object, want expectation) error {
	if nonce := claims.text("nonce"); nonce == "" || nonce != want.nonce {
		return badToken(ErrTokenNonce, "nonce is not that of the request")
	}
	return nil
}

func checkUsername(claims object, want expectation) error {
	if name := claims.text("preferred_username"); name == "" || name != want.username {
		return badToken(ErrTokenUsername, "preferred_username is not duo_uname")
	}
	return nil
}

func checkIssuedAt(claims object, want expectation) error {
	iat, ok := claims.integer("iat")
	switch {
	case !ok:
		return badToken(ErrTokenIssuedAt, "iat is not an integer")
	case iat < want.notBefore.Unix()-leeway:
		return badToken(ErrTokenIssuedAt, "iat is before the request")
	case iat > want.now.Unix()+leeway:
		return badToken(ErrTokenIssuedAt, "iat is in the future")
	}
	if _, present := claims["nbf"]; present {
		if nbf, ok := claims.integer("nbf"); !ok || nbf > want.now.Unix()+leeway {
			return badToken(ErrTokenIssuedAt, "nbf is in the future or no integer")
		}
	}
	return nil
}

func checkExpiry(claims object, want expectation) error {
	exp, ok := claims.integer("exp")
	iat, _ := claims.integer("iat")
	switch {
	case !ok:
		return badToken(ErrTokenExpired, "exp is not an integer")
	case exp <= want.now.Unix()-leeway:
		return badToken(ErrTokenExpired, "exp is in the past")
	case exp-iat > maxTokenLife:
		return badToken(ErrTokenExpired, "life is longer than an hour")
	}
	return nil
}

// checkResult asks for both words: no SDK of Duo's does, issuing a token at
// all means success to them.
func checkResult(claims object) error {
	verdict := claims.child("auth_result")
	if result, status := verdict["result"], verdict["status"]; result != "allow" || status != "allow" {
		return fmt.Errorf("%w: result %q, status %q: %s", ErrNotAllowed,
			foreignText(verdict.text("result"), nil), foreignText(verdict.text("status"), nil), foreignText(verdict.text("status_msg"), nil))
	}
	return nil
}

// identity is what checked claims prove.
func identity(claims object) *Identity {
	id := &Identity{
		Username: claims.text("preferred_username"),
		Subject:  claims.text("sub"),
		Message:  claims.child("auth_result").text("status_msg"),
		Context:  authContext(claims.child("auth_context")),
	}
	id.IssuedAt = claims.moment("iat")
	id.ExpiresAt = claims.moment("exp")
	id.AuthTime = claims.moment("auth_time")
	return id
}

// moment gives the member as a time, the zero time when it is no integer.
func (o object) moment(name string) time.Time {
	n, ok := o.integer(name)
	if !ok {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// authContext picks what is recorded and judged later. Any member may be
// missing, null or of another type: it is then the empty string, which no
// policy takes for a proof.
func authContext(o object) AuthContext {
	user, authDevice, accessDevice := o.child("user"), o.child("auth_device"), o.child("access_device")
	return AuthContext{
		TxID:            o.text("txid"),
		EventType:       o.text("event_type"),
		Factor:          o.text("factor"),
		Reason:          o.text("reason"),
		Result:          o.text("result"),
		UserKey:         user.text("key"),
		UserName:        user.text("name"),
		AuthDeviceName:  authDevice.text("name"),
		AuthDeviceIP:    authDevice.text("ip"),
		AccessDeviceIP:  accessDevice.text("ip"),
		AccessCountry:   accessDevice.child("location").text("country"),
		AccessBrowser:   accessDevice.text("browser"),
		AccessOS:        accessDevice.text("os"),
		ApplicationName: o.child("application").text("name"),
	}
}
