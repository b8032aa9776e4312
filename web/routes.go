package web

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"mfaserver/session"
	"mfaserver/web/browser"
)

// version is how the engine's clients write a version in a path (threat T051).
const version = `\d{1,3}(?:\.\d{1,3}){1,3}`

var versionPattern = regexp.MustCompile(`^` + version + `$`)

// Access says who may use an endpoint.
type Access string

// The kinds of access. There is no other way to a handler (threat T129).
const (
	// Public endpoints need X-Requested-With and no session.
	Public Access = "public"
	// SignedIn endpoints need X-Requested-With and a session.
	SignedIn Access = "session"
	// Browser endpoints are pages that a browser opens by itself.
	Browser Access = "browser"
)

// endpoint is one path under both base paths, with what it answers to.
type endpoint struct {
	path    string
	access  Access
	methods map[string]http.HandlerFunc
}

// Route is an endpoint as it is served.
type Route struct {
	// Path is below /api and /api/{version}.
	Path    string
	Access  Access
	Methods []string
}

// table lists everything that is served here, and nothing else is. Before a
// [Gateway] the accounts are the engine's.
func (s *Server) table() []endpoint {
	read := func(h http.HandlerFunc) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{http.MethodGet: h}
	}
	post := func(h http.HandlerFunc) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{http.MethodPost: h}
	}
	version, status, document := s.serverVersion, s.serverStatus, s.serveOpenAPI
	if g := s.deps.Gateway; g != nil {
		version, status, document = g.Version, g.Status, g.OpenAPI
	}
	table := []endpoint{
		{"/users/_login", Public, post(s.login)},
		{"/users/_logout", SignedIn, post(s.logout)},
		{"/users/_inactivityLogout", SignedIn, post(s.logout)},
	}
	if s.deps.Gateway == nil {
		table = append(table,
			endpoint{"/users/current", SignedIn, read(s.signedIn(s.currentUser))},
			endpoint{"/users", SignedIn, read(s.signedIn(s.listUsers))},
			endpoint{"/users/{idOrName}", SignedIn, read(s.signedIn(s.oneUser))},
			endpoint{"/users/{id}/loggedIn", SignedIn, read(s.signedIn(s.userLoggedIn))},
		)
	}
	return append(table,
		endpoint{"/server/version", Public, read(version)},
		endpoint{"/server/status", Public, read(status)},
		endpoint{"/openapi.json", Public, read(document)},
		endpoint{callbackPath, Browser, map[string]http.HandlerFunc{
			http.MethodGet:  s.callback,
			http.MethodPost: s.callbackAction,
		}},
	)
}

// routes puts the table on a router that neither cleans nor decodes paths: the
// request policy has refused what would need it.
func (s *Server) routes() *mux.Router {
	router := mux.NewRouter().SkipClean(true).UseEncodedPath()
	if s.deps.Health != nil {
		for _, path := range []string{"/healthz", "/readyz"} {
			router.Path(path).Handler(enter(Room{Path: path, Handler: s.deps.Health}))
		}
	}
	if s.deps.Gateway != nil {
		router.MatcherFunc(s.forwarded).HandlerFunc(s.forward)
	}
	for _, base := range []string{"/api/{version:" + version + "}", "/api"} {
		for _, e := range s.endpoints {
			h := s.serve(e)
			router.Handle(base+e.path, h).Name(base + e.path)
			if !strings.Contains(base+e.path, "{") {
				s.fixed[base+e.path] = h
			}
		}
	}
	for _, room := range s.deps.Rooms {
		if room.Path == PortalPath || strings.HasPrefix(room.Path, PortalPath+"/") {
			router.Path(room.Path).Handler(enter(room)) // people leave the slash out
		}
		router.PathPrefix(room.Path + "/").Handler(enter(room))
	}
	router.NotFoundHandler = http.HandlerFunc(s.outside)
	return router
}

// outside answers for every path that is not in the table: what is public of
// the engine behind us, or nothing.
func (s *Server) outside(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		notFound(w, r)
		return
	}
	notesOf(r.Context()).route = "files"
	s.files.ServeHTTP(w, r)
}

func notFound(w http.ResponseWriter, _ *http.Request) { empty(w, http.StatusNotFound) }

// enter names the room in what is noted of the request.
func enter(room Room) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		notesOf(r.Context()).route = room.Path
		room.Handler.ServeHTTP(w, r)
	})
}

// serve guards one endpoint: the custom header first, as in the engine, then
// the method.
func (s *Server) serve(e endpoint) http.Handler {
	allow := strings.Join(e.allow(), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		notesOf(r.Context()).route = e.path
		program := customHeader(r) || e.access == SignedIn && bearsToken(r.Header)
		if e.access != Browser && !program {
			empty(w, http.StatusBadRequest)
			return
		}
		handler := e.methods[r.Method]
		if handler == nil && r.Method == http.MethodHead {
			handler = e.methods[http.MethodGet]
		}
		switch {
		case handler != nil && e.access != Browser && r.Method == http.MethodPost && browser.ForeignSite(r.Header):
			empty(w, http.StatusBadRequest)
		case handler != nil:
			handler(w, r)
		case r.Method == http.MethodOptions && e.methods[http.MethodGet] != nil:
			w.Header().Set("Allow", allow)
			empty(w, http.StatusOK)
		default:
			w.Header().Set("Allow", allow)
			empty(w, http.StatusMethodNotAllowed)
		}
	})
}

// allow lists the methods of an endpoint. What only takes POST does not answer
// OPTIONS either (threat T026).
func (e endpoint) allow() []string {
	var methods []string
	for m := range e.methods {
		methods = append(methods, m)
		if m == http.MethodGet {
			methods = append(methods, http.MethodHead, http.MethodOptions)
		}
	}
	slices.Sort(methods)
	return methods
}

// allowed is the Allow header for a method that does not exist here.
func (s *Server) allowed(r *http.Request) string {
	var m mux.RouteMatch
	if s.router.Match(r, &m) && m.Route != nil {
		for _, e := range s.endpoints {
			if strings.HasSuffix(m.Route.GetName(), "}"+e.path) || m.Route.GetName() == "/api"+e.path {
				return strings.Join(e.allow(), ", ")
			}
		}
	}
	if s.deps.Gateway != nil {
		return "DELETE, GET, HEAD, OPTIONS, POST, PUT"
	}
	return "GET, HEAD, OPTIONS, POST"
}

// Routes lists what is served, in the order of the table.
func (s *Server) Routes() []Route {
	var routes []Route
	for _, e := range s.endpoints {
		routes = append(routes, Route{Path: e.path, Access: e.access, Methods: e.allow()})
	}
	return routes
}

// sessionHandler serves a request of a signed-in client.
type sessionHandler func(w http.ResponseWriter, r *http.Request, s session.Session)

// signedIn hands h the session, or answers that there is none.
func (s *Server) signedIn(h sessionHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sess, err := s.visitor(r)
		if err != nil {
			s.noSession(w, r, err)
			return
		}
		h(w, r, sess)
	}
}
