package duoclient_test

import (
	"context"
	"iter"
	"net/url"
	"testing"
)

// action is one call of the signed APIs: what the caller says, what Duo sees,
// what Duo answers and what the caller gets.
type action struct {
	name     string
	call     func(ctx context.Context, c apiClients) (any, error)
	method   string
	path     string
	params   url.Values
	response string // what Duo answers inside the envelope
	want     string // a part of the result as JSON, its secrets revealed
	once     bool   // sent once, also after 429
	paged    bool
	unsigned bool
}

type (
	values = url.Values
	ctxT   = context.Context
)

// gather ranges over a list to its end.
func gather[T any](list iter.Seq2[*T, error]) (any, error) {
	var all []*T
	for v, err := range list {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

// done is a call without a result.
func done(err error) (any, error) { return nil, err }

// first are the parameters of a list's first page.
func first(limit string) values { return values{"limit": {limit}, "offset": {"0"}} }

const (
	oneUser  = `{"user_id":"` + userID + `","username":"bob","status":"active","is_enrolled":true,"created":1384275337,"last_login":null}`
	onePhone = `{"phone_id":"` + phoneID + `","number":"+17345550100","type":"Mobile","platform":"Apple iOS","activated":true,"predelay":7}`
	oneGroup = `{"group_id":"` + groupID + `","name":"ops","desc":"","status":"Active"}`
	oneToken = `{"token_id":"` + tokenID + `","serial":"0123","type":"h6","totp_step":null}`
	oneCode  = `{"bypass_code_id":"` + bypassID + `","created":1384275337,"expiration":null,"reuse_count":null,"admin_email":""}`
	oneKey   = `{"webauthnkey":"` + webauthnKey + `","credential_name":"Touch ID","label":"Touch ID","date_added":1384275337}`
	oneApp   = `{"integration_key":"` + integrationKey + `","name":"Web","type":"websdk","secret_key":"s3cr3ts3cr3t","adminapi_info":1}`
	oneAdmin = `{"admin_id":"` + adminID + `","name":"Ann","email":"ann@example.org","role":"Owner","last_login":1384275337}`
)

// actions are all calls that there are.
func actions() []action {
	var all []action
	for _, group := range [][]action{
		authActions(), userActions(), userTieActions(), bypassActions(), phoneActions(), groupActions(), tokenActions(),
		webAuthnActions(), integrationActions(), administratorActions(), aroundActions(), accountActions(), genericActions(),
	} {
		all = append(all, group...)
	}
	return all
}

// trial is a test of one call, with a server of its own.
type trial struct {
	t    *testing.T
	a    action
	fake *apiFake
}

// everyAction runs a test for each of the calls.
func everyAction(t *testing.T, test func(x trial)) {
	t.Helper()
	for _, a := range actions() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			test(trial{t, a, newAPIFake(t)})
		})
	}
}
