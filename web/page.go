package web

import (
	"embed"
	"net/http"
	"strings"

	"mfaserver/internal/mirth"
	"mfaserver/mfa"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pageData is what the templates may show.
type pageData struct {
	browser.Frame

	Text text.Saying
	// Verdict is the sign above the heading.
	Verdict browser.Kind
	T       text.Callback
	Facts   browser.Facts
	// Action is the path of the page's buttons.
	Action string
	State  string
	Code   string
	Data   browser.Copyable
	Curl   browser.Copyable
}

// codePage shows what the client needs for its second call.
func (s *Server) codePage(w http.ResponseWriter, r *http.Request, in browser.Redirect, v mfa.View) {
	words := text.English.Callback
	data := s.loginPage(words.CodeTitle, in, v)
	value := mirth.NewLoginData(v.Username, mirth.Status(v.Primary), in.Code, in.State, v.RedirectURI).String()
	data.Data = browser.Copyable{ID: "login-data", Label: words.DataTitle, Value: value, Copy: words.DataCopy, Help: words.DataHelp, Rows: 4, Heading: true, First: true}
	data.Curl = browser.Copyable{
		ID: "curl", Label: words.CurlTitle, Copy: words.CurlCopy, Help: words.CurlHelp, Rows: 8, Heading: true,
		Value: curlCommand(loginURL(v.RedirectURI), s.cfg.CurlCAFile, v.Username, value),
	}
	s.render(w, r, http.StatusOK, "code", data)
}

// warningPage stands before the code when this browser is not where the
// sign-in began (threat T041).
func (s *Server) warningPage(w http.ResponseWriter, r *http.Request, in browser.Redirect, v mfa.View) {
	words := text.English.Callback
	s.render(w, r, http.StatusOK, "warning", s.loginPage(words.WarnTitle, in, v))
}

// refusedPage says that Duo did not confirm the sign-in (threat T048).
func (s *Server) refusedPage(w http.ResponseWriter, r *http.Request, in browser.Redirect, v mfa.View) {
	words := text.English.Callback
	data := s.loginPage(words.Refused.Title, in, v)
	data.Text, data.Verdict = words.Refused, browser.Bad
	s.render(w, r, http.StatusOK, "refused", data)
}

// loginPage fills in what all pages about a sign-in show. The path of the
// buttons is that of the transaction's own redirect URI, not of the request.
func (s *Server) loginPage(title string, in browser.Redirect, v mfa.View) pageData {
	words := text.English.Callback
	return pageData{
		Frame: browser.Frame{Title: title},
		Facts: browser.Facts{Label: words.Facts, List: []browser.Fact{
			{ID: "user", Label: words.User, Value: v.Username},
			{ID: "from", Label: words.From, Value: v.Addr, Note: v.UserAgent},
			{ID: "started", Label: words.Started, Time: v.StartedAt},
			{ID: "expires", Label: words.Ends, Time: v.ExpiresAt, Countdown: true},
		}},
		Action: pathOf(v.RedirectURI), State: in.State, Code: in.Code,
	}
}

// pathOf cuts scheme and host off one of our own redirect URIs.
func pathOf(redirectURI string) string {
	if i := strings.Index(redirectURI, "/api/"); i >= 0 {
		return redirectURI[i:]
	}
	return "/api" + callbackPath
}

// loginURL is where the second call of a login goes.
func loginURL(redirectURI string) string {
	return strings.TrimSuffix(redirectURI, callbackPath) + "/users/_login"
}
