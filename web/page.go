package web

import (
	"embed"
	"net/http"
	"strings"
	"time"

	"mfaserver/internal/mirth"
	"mfaserver/mfa"
	"mfaserver/web/browser"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pageData is what the templates may show.
type pageData struct {
	browser.Frame

	Text  pageText
	T     callbackText
	Login loginView
	// Action is the path of the page's buttons.
	Action string
	State  string
	Code   string
	Data   string
	Curl   string
}

// loginView is a sign-in as people read it.
type loginView struct {
	Username, Addr, Agent string
	Started, Expires      string
	StartedAt, ExpiresAt  string
}

// codePage shows what the client needs for its second call.
func (s *Server) codePage(w http.ResponseWriter, r *http.Request, in browser.Redirect, v mfa.View) {
	data := s.loginPage(textCallback.CodeTitle, in, v)
	data.Data = mirth.NewLoginData(v.Username, mirth.Status(v.Primary), in.Code, in.State, v.RedirectURI).String()
	data.Curl = curlCommand(loginURL(v.RedirectURI), s.cfg.CurlCAFile, v.Username, data.Data)
	s.render(w, r, http.StatusOK, "code", data)
}

// warningPage stands before the code when this browser is not where the
// sign-in began (threat T041).
func (s *Server) warningPage(w http.ResponseWriter, r *http.Request, in browser.Redirect, v mfa.View) {
	s.render(w, r, http.StatusOK, "warning", s.loginPage(textCallback.WarnTitle, in, v))
}

// refusedPage says that Duo did not confirm the sign-in (threat T048).
func (s *Server) refusedPage(w http.ResponseWriter, r *http.Request, in browser.Redirect, v mfa.View) {
	data := s.loginPage(pageRefused.Title, in, v)
	data.Text = pageRefused
	s.render(w, r, http.StatusOK, "refused", data)
}

// loginPage fills in what all pages about a sign-in show. The path of the
// buttons is that of the transaction's own redirect URI, not of the request.
func (s *Server) loginPage(title string, in browser.Redirect, v mfa.View) pageData {
	return pageData{
		Frame: browser.Frame{Title: title},
		Login: loginView{
			Username: v.Username, Addr: v.Addr, Agent: v.UserAgent,
			Started: readableTime(v.StartedAt), StartedAt: machineTime(v.StartedAt),
			Expires: readableTime(v.ExpiresAt), ExpiresAt: machineTime(v.ExpiresAt),
		},
		Action: pathOf(v.RedirectURI), State: in.State, Code: in.Code,
	}
}

func readableTime(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") }
func machineTime(t time.Time) string  { return t.UTC().Format(time.RFC3339) }

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
