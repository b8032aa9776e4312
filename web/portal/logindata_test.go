package portal_test

import "mfaserver/internal/mirth"

// loginData is the header of a second call.
func loginData(username, code, state, redirectURI string) string {
	return mirth.NewLoginData(username, mirth.StatusSuccess, code, state, redirectURI).String()
}
