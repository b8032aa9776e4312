package main

import (
	"context"

	"mfaserver/duoclient"
	"mfaserver/mfa"
)

// preauth asks the Auth API who is enrolled. The client's address stays out of
// it: the prompt judges that of the browser.
type preauth struct{ auth *duoclient.Auth }

// Preauth implements [mfa.Enrolment]. The answer's link to enrol goes no
// further: whoever opens it enrols his own phone.
func (p preauth) Preauth(ctx context.Context, duoUsername string) (mfa.PreauthResult, error) {
	answer, err := p.auth.Preauth(ctx, duoclient.PreauthParams{Username: duoUsername})
	if err != nil {
		return "", err
	}
	return mfa.PreauthResult(answer.Result), nil
}

// enrolment is who the login asks about enrolment: nobody without duo.auth.
func (a *app) enrolment() (mfa.Enrolment, error) {
	org, err := a.desk.Org("")
	if err != nil {
		return nil, err
	}
	if !org.Authenticates() {
		return nil, nil //nolint:nilnil // nobody is a good answer
	}
	auth, err := org.Auth()
	return preauth{auth}, err
}
