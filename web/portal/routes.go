package portal

import (
	"net/http"
	"slices"
	"strings"

	"mfaserver/web/text"
)

// The paths of the portal.
const (
	pathHome     = "/mfa/"
	pathSignIn   = "/mfa/sign-in"
	pathSignOut  = "/mfa/sign-out"
	pathConfirm  = "/mfa/confirm"
	pathSessions = "/mfa/sessions"
	pathEnd      = "/mfa/sessions/end"
	pathEndAll   = "/mfa/sessions/end-others"
	pathDevices  = "/mfa/devices"
	pathAdd      = "/mfa/devices/add"
	pathNew      = "/mfa/devices/new"
	pathNewState = PathState
	pathCode     = "/mfa/code"
	pathSetup    = "/mfa/clients"

	// Where Duo sends the browser back to. The path says what the prompt was
	// for; it is part of the redirect URI of the login and cannot be changed on
	// the way.
	pathCallback        = "/mfa/callback"
	pathCodeCallback    = "/mfa/callback/code"
	pathConsoleCallback = "/mfa/callback/console"
	pathConfirmCallback = "/mfa/callback/confirm"
	pathNewCodeCallback = "/mfa/callback/new-code"
)

// PathState is what a page that waits for a device asks by itself: no activity
// of a person.
const PathState = "/mfa/devices/new/state"

// PathConsole is where the administration console begins.
const PathConsole = "/mfa/admin/"

// route is one page, or one thing that a form does.
type route struct {
	// open is for everybody; the others are for those who are signed in.
	open bool
	// once: the request does something although it is a GET, as Duo's redirects
	// do. There is no HEAD of it.
	once  bool
	serve func(p *Portal, v *visit)
}

// routes are all pages: by path, then by method.
func routes() map[string]map[string]route {
	all := map[string]map[string]route{
		pathHome:     {http.MethodGet: {open: true, serve: (*Portal).home}},
		pathSignIn:   {http.MethodPost: {open: true, serve: (*Portal).signIn}},
		pathSignOut:  {http.MethodPost: {open: true, serve: (*Portal).signOut}},
		pathConfirm:  {http.MethodPost: {serve: (*Portal).confirm}},
		pathSessions: {http.MethodGet: {serve: (*Portal).sessions}},
		pathEnd:      {http.MethodPost: {serve: (*Portal).endSession}},
		pathEndAll:   {http.MethodPost: {serve: (*Portal).endOthers}},
		pathDevices:  {http.MethodGet: {serve: (*Portal).devices}},
		pathAdd:      {http.MethodGet: {serve: (*Portal).addForm}, http.MethodPost: {serve: (*Portal).addDevice}},
		pathNew:      {http.MethodGet: {serve: (*Portal).newDevice}},
		pathNewState: {http.MethodGet: {serve: (*Portal).newDeviceState}},
		pathCode:     {http.MethodGet: {serve: (*Portal).codeForm}, http.MethodPost: {serve: (*Portal).newCode}},
		pathSetup:    {http.MethodGet: {serve: (*Portal).setup}},

		pathCallback:        {http.MethodGet: {open: true, once: true, serve: (*Portal).callback}},
		pathCodeCallback:    {http.MethodGet: {open: true, once: true, serve: (*Portal).callback}},
		pathConsoleCallback: {http.MethodGet: {open: true, once: true, serve: (*Portal).callback}},
		pathConfirmCallback: {http.MethodGet: {open: true, once: true, serve: (*Portal).confirmed}},
		pathNewCodeCallback: {http.MethodGet: {open: true, once: true, serve: (*Portal).confirmed}},
	}
	for i := range text.English.Portal.Setup.Clients {
		all[pathOfClient(&text.English.Portal.Setup.Clients[i])] = map[string]route{http.MethodGet: {serve: (*Portal).setupClient}}
	}
	return all
}

// ServeHTTP implements [http.Handler].
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	methods, ok := p.routes[r.URL.Path]
	at, known := methods[r.Method]
	if r.Method == http.MethodHead {
		at, known = methods[http.MethodGet]
		known = known && !at.once
	}
	v := &visit{w: w, r: r}
	switch {
	case known:
		p.serve(v, at) //nolint:contextcheck // a visit carries its request, and with it the context
	case ok:
		w.Header().Set("Allow", allowed(methods))
		p.say(v, http.StatusMethodNotAllowed, p.text.Method) //nolint:contextcheck // likewise
	case r.URL.Path == strings.TrimSuffix(pathHome, "/") && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		seeOther(w, pathHome)
	default:
		p.say(v, http.StatusNotFound, p.text.Nowhere) //nolint:contextcheck // likewise
	}
}

// allowed are the methods of a path.
func allowed(methods map[string]route) string {
	var all []string
	for m, at := range methods {
		all = append(all, m)
		if m == http.MethodGet && !at.once {
			all = append(all, http.MethodHead)
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// serve finds out who asks, and lets only those go on who are signed in, where
// the page is theirs alone.
func (p *Portal) serve(v *visit, at route) {
	if err := p.recognise(v); err != nil {
		p.unavailable(v, err)
		return
	}
	if at.open || v.signedIn() {
		at.serve(p, v)
		return
	}
	if v.r.Method == http.MethodPost {
		// A form that was ours is forgotten with the session it belonged to.
		if _, ok := p.posted(v); !ok {
			return
		}
	}
	seeOther(v.w, pathHome+nextQuery(v.r.URL.Path))
}

// seeOther sends the browser on, by GET.
func seeOther(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusSeeOther)
}
