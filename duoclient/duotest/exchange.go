package duotest

import (
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

	status int
	header http.Header
	object object // a JSON answer
	body   []byte // any other
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
	for path, act := range s.promptActions() {
		routes[path] = route{[]string{http.MethodPost}, act, func(*Faults) AnswerFaults { return AnswerFaults{} }}
	}
	return routes
}

// ServeHTTP answers one request. The path counts as it was sent: nothing is
// cleaned, decoded twice or redirected.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{w: w, r: r, header: http.Header{}}
	x.form, x.badForm = readParams(w, r)
	rt, known := s.routes[r.URL.Path]
	if !s.begin(x, rt) {
		panic(http.ErrAbortHandler)
	}
	defer s.running.Done()
	if !s.spoilBefore(r.Context(), x) {
		return
	}
	switch {
	case !known:
		x.fail(http.StatusNotFound, 40401, "Resource not found", "")
	case !slices.Contains(rt.methods, r.Method):
		x.fail(http.StatusMethodNotAllowed, 40501, "Method not allowed", "")
		x.header["Allow"] = rt.methods
	default:
		rt.serve(x)
	}
	s.send(r.Context(), x)
}

// begin writes the request into the journal and takes the faults that hold for
// it. False when the server is closed.
func (s *Server) begin(x *exchange, rt route) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Add(1)
	x.faults = s.faults
	x.now = s.config.Now().Add(s.faults.ClockOffset)
	if rt.faults != nil {
		n := s.requests[x.r.URL.Path]
		s.requests[x.r.URL.Path]++
		if f := rt.faults(&s.faults); f.active(n) {
			x.wrong = f
		}
	}
	x.call = &Call{
		Time: x.now, Endpoint: x.r.URL.Path, Method: x.r.Method, Host: x.r.Host,
		RemoteAddr: x.r.RemoteAddr, UserAgent: x.r.UserAgent(),
		ContentType: x.r.Header.Get("Content-Type"),
		ClientID:    x.form.Get("client_id"), Code: x.form.Get("code"),
	}
	s.journal.add(x.call)
	return true
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
