package duotest

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// exchange is one request with the answer that is being made for it. Handlers
// write the answer here; it goes out, or goes wrong, when they are done.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	form    url.Values
	badForm error
	call    *Call
	faults  Faults
	wrong   AnswerFaults // of this request
	now     time.Time    // the simulator's clock, with its offset
	account *account     // whose API host was called
	raw     []byte       // the body, of a signed API

	status int
	header http.Header
	object object // a JSON answer
	body   []byte // any other
	blanks bool   // write the object with blanks
	etag   bool   // send its hash along
}

// route is what serves a path.
type route struct {
	methods []string
	serve   func(*exchange)
	faults  func(*Faults) AnswerFaults
}

func (s *Server) routeTable() map[string]route {
	routes := map[string]route{
		EndpointHealthCheck: {[]string{http.MethodPost}, s.healthCheck, func(f *Faults) AnswerFaults { return f.HealthCheck }},
		EndpointAuthorize:   {[]string{http.MethodGet, http.MethodPost}, s.authorize, func(f *Faults) AnswerFaults { return f.Authorize }},
		EndpointToken:       {[]string{http.MethodPost}, s.token, func(f *Faults) AnswerFaults { return f.Token }},
	}
	routes["/prompt/status"] = route{[]string{http.MethodPost}, s.watchPrompt, nil}
	for path, act := range s.promptActions() {
		routes[path] = route{[]string{http.MethodPost}, act, func(*Faults) AnswerFaults { return AnswerFaults{} }}
	}
	return routes
}

// ServeHTTP answers one request. The path counts as it was sent: nothing is
// cleaned, decoded twice or redirected.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r, header: http.Header{}, account: s.accountOf(r)}
	path, _ := requestTarget(r)
	rt, known := s.routes[path]
	signed := !known && isSigned(r)
	if signed {
		x.raw, x.badForm = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	} else {
		x.form, x.badForm = readParams(w, r)
		rt, known = s.simRoute(rt, known, path)
	}
	if !s.begin(x, path, rt, signed) {
		panic(http.ErrAbortHandler)
	}
	defer s.running.Done()
	if !s.spoilBefore(r.Context(), x) {
		return
	}
	switch {
	case signed && x.badForm != nil:
		x.refuse(&apiError{40002, "Invalid request parameters", "body"})
	case signed:
		s.serveAPI(x)
	case !known:
		x.fail(http.StatusNotFound, 40401, "Resource not found", "")
	case !slices.Contains(rt.methods, r.Method):
		x.fail(http.StatusMethodNotAllowed, 40501, "Method not allowed", "")
		x.header["Allow"] = rt.methods
	case x.wrong.Instead:
		x.json(http.StatusOK, object{})
	default:
		rt.serve(x)
	}
	s.send(r.Context(), x)
}

// begin writes the request into the journal and takes the faults that hold for
// it. False when the server is closed, or the account deleted.
func (s *Server) begin(x *exchange, path string, rt route, signed bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || x.account.deleted {
		return false
	}
	s.running.Add(1)
	x.faults = s.faults
	x.now = s.config.Now().Add(s.faults.ClockOffset)
	switch {
	case signed:
		x.wrong = s.apiFaults(x.r.Method, path)
	case rt.faults != nil:
		x.wrong = s.countFault(path, rt.faults(&s.faults))
	}
	x.call = &Call{
		Time: x.now, Endpoint: path, Method: x.r.Method, Host: x.r.Host,
		RemoteAddr: x.r.RemoteAddr, UserAgent: x.r.UserAgent(),
		ContentType: x.r.Header.Get("Content-Type"),
		ClientID:    x.form.Get("client_id"), Code: x.form.Get("code"),
	}
	s.journal.add(x.call)
	return true
}

// countFault is the faults if they hold for this request, which counts. The
// caller holds the mutex.
func (s *Server) countFault(key string, f AnswerFaults) AnswerFaults {
	n := s.requests[key]
	s.requests[key]++
	if !f.active(n) {
		return AnswerFaults{}
	}
	return f
}

// apiFaults are those of a call of a signed API: what is set for the path, for
// the route's pattern, or for all, each with the method before others. The
// caller holds the mutex.
func (s *Server) apiFaults(method, path string) AnswerFaults {
	if len(s.faults.API) == 0 {
		return AnswerFaults{}
	}
	names := []string{method + " " + path, path}
	if route, _, _ := s.match(method, path); route != nil {
		names = append(names, method+" "+route.pattern, route.pattern)
	}
	for _, name := range append(names, "*") {
		if f, ok := s.faults.API[name]; ok {
			return s.countFault("API "+name, f)
		}
	}
	return AnswerFaults{}
}

// note changes the journal's entry of this request.
func (s *Server) note(x *exchange, change func(*Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(x.call)
}

// baseURL is the simulator as this client calls it.
func (x *exchange) baseURL() string { return "https://" + x.r.Host }

// json makes the answer a JSON object of exactly these members.
func (x *exchange) json(status int, o object) {
	x.status, x.object = status, o
	x.header.Set("Content-Type", "application/json")
	x.header.Set("Cache-Control", "no-store")
	x.header.Set("Pragma", "no-cache")
}

// fail answers in the form of Duo's signed APIs.
func (x *exchange) fail(status, code int, message, detail string) {
	o := object{{"code", code}, {"message", message}}
	if detail != "" {
		o = append(o, member{"message_detail", detail})
	}
	x.json(status, append(o, member{"stat", "FAIL"}, member{"timestamp", x.now.Unix()}))
}

// redirect answers with a redirect to a URI that goes out byte for byte.
func (x *exchange) redirect(uri string) {
	x.status = http.StatusFound
	if x.r.Method == http.MethodPost {
		x.status = http.StatusSeeOther
	}
	x.header.Set("Location", uri)
	x.header.Set("Cache-Control", "no-store")
	x.header.Set("Referrer-Policy", "no-referrer")
}
