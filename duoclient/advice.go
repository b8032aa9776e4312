package duoclient

import (
	"errors"
	"strings"
)

// Advice says in one sentence what to do next about a refusal.
func (e *APIError) Advice() string {
	if strings.HasPrefix(e.Path, "/oauth/") && errors.Is(e, ErrMisconfigured) {
		return "Check client ID, client secret and API hostname of the Universal Prompt application."
	}
	switch e.Code {
	case 40101, 40104, 40106:
		return "Something between here and Duo removes or changes headers; check the proxy."
	case 40102:
		return "Check the integration key and the API hostname: Duo does not know this key at this host."
	case 40103:
		return "Check the secret key: it is not that of this integration key. A key that was reset ends at once."
	case 40105:
		return "Set this machine's clock, best with NTP: it must agree with Duo's within five minutes."
	case 40301:
		return e.forbidden()
	case 40302:
		return "The Duo account is disabled, or its edition lacks this feature; ask Duo or upgrade."
	case 40001:
		return "Give the parameter that Duo names."
	case 40002:
		return "Correct the value of what Duo names: " + orWords(e.Detail, "it does not say which") + "."
	case 40003:
		return "It exists already; look it up and change it in place of making it."
	case 40401:
		return "Check the id: there is no such object in this Duo account. It may have been deleted, or be in another account."
	case 40501:
		return "Check method and path of the call."
	default:
		return e.adviceByStatus()
	}
}

// forbidden tells a key of another API from one without permission.
func (e *APIError) forbidden() string {
	api := "Auth API"
	switch {
	case strings.HasPrefix(e.Path, "/admin/"):
		api = "Admin API"
	case strings.HasPrefix(e.Path, "/accounts/"):
		api = "Accounts API"
	}
	if strings.Contains(strings.ToLower(e.Detail), "integration type") {
		return "The keys belong to an application of another type; this call needs one of type " + api + "."
	}
	return "Grant the " + api + " application the permission for this call in Duo's admin panel, and check the networks it may be used from."
}

func (e *APIError) adviceByStatus() string {
	switch {
	case e.HTTPStatus == 429 && e.RetryAfter > 0:
		return "Duo asks to slow down; try again in " + e.RetryAfter.String() + "."
	case e.HTTPStatus == 429:
		return "Duo asks to slow down; try again in a minute."
	case e.HTTPStatus >= 500:
		return "Duo is in trouble; try again later, and see status.duo.com."
	case e.HTTPStatus == 401 || e.HTTPStatus == 403:
		return "Check integration key, secret key and API hostname."
	default:
		return "Check the parameters of the call against Duo's words."
	}
}

func orWords(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
