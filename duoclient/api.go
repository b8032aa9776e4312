package duoclient

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"mfaserver/internal/secret"
)

const (
	// listTime and listBody bound one page of a list.
	listTime = 30 * time.Second
	listBody = 8 << 20
	// longTime bounds a call that Duo answers when a person has: a minute, and
	// some.
	longTime = 70 * time.Second
)

// api makes the signed calls of one application. Safe for concurrent use.
type api struct {
	road           *road
	integrationKey string
	secretKey      secret.Secret
	accountID      string
	signature      SignatureVersion
	now            func() time.Time
	sleep          func(ctx context.Context, d time.Duration) error
}

// newAPI checks c and builds the client of its application; nothing is sent.
func newAPI(c APIConfig, opts []Option) (*api, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	proxy, err := c.proxyURL()
	if err != nil {
		return nil, err
	}
	o := newOptions(opts)
	if c.MaxConcurrent > 0 {
		o.limits.concurrent = c.MaxConcurrent
	}
	// The deadline of each call rules alone: some answers are a minute away.
	o.limits.header = longTime
	r, err := newRoad(roadConfig{host: c.APIHost, ca: c.CA, proxy: proxy, private: c.Simulator, options: o})
	if err != nil {
		return nil, err
	}
	return &api{
		road:           r,
		integrationKey: c.IntegrationKey,
		secretKey:      c.SecretKey,
		accountID:      c.AccountID,
		signature:      cmp.Or(c.Signature, SignatureV5),
		now:            o.now,
		sleep:          o.sleep,
	}, nil
}

func (a *api) close() { a.road.transport.CloseIdleConnections() }

// operation is one call, before it is signed.
type operation struct {
	method string
	path   string
	params *parameters // nil: none
	// members is the JSON body of an endpoint that takes nothing else, in
	// place of params.
	members map[string]any
	// repeatable: asking twice does no more than asking once.
	repeatable bool
	unsigned   bool
	whole      time.Duration
	limit      int64
}

func (op operation) name() string { return op.method + " " + op.path }

// endpoint is the name with the pattern of the path in place of its keys.
func (op operation) endpoint() string {
	switch {
	case op.params == nil || op.params.pattern == "":
		return op.name()
	case op.params.pattern == OtherEndpoint:
		return OtherEndpoint
	default:
		return op.method + " " + op.params.pattern
	}
}

// get is an operation that reads one object.
func get(path string, params *parameters) operation {
	return operation{method: http.MethodGet, path: path, params: params, repeatable: true}
}

// list is an operation that reads many objects.
func list(path string, params *parameters) operation {
	op := get(path, params)
	op.whole, op.limit = listTime, listBody
	return op
}

// post is an operation that may be done once only.
func post(path string, params *parameters) operation {
	return operation{method: http.MethodPost, path: path, params: params}
}

// put is a POST that sets: done twice, it sets the same.
func put(path string, params *parameters) operation {
	op := post(path, params)
	op.repeatable = true
	return op
}

// remove is a DELETE: Duo answers well also when there is nothing left.
func remove(path string) operation {
	return operation{method: http.MethodDelete, path: path, repeatable: true}
}

// do makes the call and gives the answer's envelope.
func (a *api) do(ctx context.Context, op operation) (*envelope, error) {
	got, err := a.retry(ctx, op)
	if err != nil {
		return nil, err
	}
	return openEnvelope(op, got)
}

// once builds, signs and sends one request. Its error is an [*APIError] when
// Duo refuses.
func (a *api) once(ctx context.Context, op operation) (*answer, error) {
	if err := op.params.err(); err != nil {
		return nil, err
	}
	c, err := a.request(op)
	if err != nil {
		return nil, err
	}
	got, err := a.road.do(ctx, c)
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK || failed(got) {
		return nil, refuse(op, c, got, a.now())
	}
	return got, nil
}

// request puts the parameters into the query or the body and signs them.
func (a *api) request(op operation) (call, error) {
	c := call{
		name: op.name(), endpoint: op.endpoint(), account: a.accountID, method: op.method, path: op.path, header: make(http.Header), hide: op.params.secrets(),
		whole: op.whole, limit: op.limit, anyStatus: true,
	}
	if op.unsigned {
		return c, nil
	}
	values := op.params.all()
	if a.accountID != "" {
		values.Set("account_id", a.accountID)
	}
	s := toSign{
		version: a.signature, date: a.now().UTC().Format(dateLayout),
		method: op.method, host: a.road.host, path: op.path, params: values,
	}
	switch {
	case op.method == http.MethodGet || op.method == http.MethodDelete:
		c.query = canonicalParams(values)
	case a.signature == SignatureV2:
		c.header.Set("Content-Type", "application/x-www-form-urlencoded")
		c.body = []byte(canonicalParams(values))
	default:
		body, err := json.Marshal(members(op, values))
		if err != nil {
			return call{}, fault(c.name, "parameters cannot be JSON", ErrArgument, ErrNotSent)
		}
		c.header.Set("Content-Type", "application/json")
		c.body, s.body, s.params = body, body, nil
	}
	c.header.Set("Date", s.date)
	c.header.Set("Authorization", s.authorization(a.integrationKey, a.secretKey.Reveal()))
	return c, nil
}

// members is the JSON form of parameters: every value a string, as the service
// takes them, or a list of strings where a name repeats.
func members(op operation, values url.Values) map[string]any {
	body := make(map[string]any, len(values)+len(op.members))
	for name, list := range values {
		if len(list) == 1 {
			body[name] = list[0]
		} else {
			body[name] = list
		}
	}
	for name, value := range op.members {
		if _, taken := body[name]; !taken {
			body[name] = value
		}
	}
	return body
}

// Raw is an answer as Duo gave it, secrets and all.
type Raw struct {
	// Response is the member response.
	Response json.RawMessage `json:"response"`
	// Metadata is what stands beside it: where the next page begins, and how
	// many objects there are. Nil when there is none.
	Metadata json.RawMessage `json:"metadata,omitempty"`
}

var callPath = regexp.MustCompile(`^(/[0-9A-Za-z_.~-]+){2,16}$`)

// call is the generic call: any method and path below prefix. GET and DELETE
// are repeated as every call of theirs is, others never.
func (a *api) call(ctx context.Context, method, path string, params url.Values, prefix string) (Raw, error) {
	p := newParameters()
	op := p.generic(method, path, prefix)
	for name, values := range params {
		p.values[name] = slices.Clone(values)
	}
	if given := params["account_id"]; a.accountID != "" && len(given) > 0 && !slices.Equal(given, []string{a.accountID}) {
		p.fault("account_id", "is that of the client and cannot be another")
	}
	return a.raw(ctx, op)
}

// callJSON is the generic call of an endpoint that takes nothing but JSON.
func (a *api) callJSON(ctx context.Context, method, path string, body map[string]any, prefix string) (Raw, error) {
	p := newParameters()
	op := p.generic(method, path, prefix)
	op.members = body
	if a.signature != SignatureV5 {
		p.fault("signature", "must be of version 5 for a JSON body")
	}
	if method == http.MethodGet || method == http.MethodDelete {
		p.fault("method", "must be POST, PUT or PATCH for a JSON body")
	}
	if given, ok := body["account_id"]; ok && a.accountID != "" && given != any(a.accountID) {
		p.fault("account_id", "is that of the client and cannot be another")
	}
	return a.raw(ctx, op)
}

// generic checks what a generic call is made of.
func (p *parameters) generic(method, path, prefix string) operation {
	switch method {
	case http.MethodGet, http.MethodDelete, http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		p.fault("method", "must be GET, POST, PUT, PATCH or DELETE")
	}
	p.pattern = OtherEndpoint
	if !callPath.MatchString(path) || len(path) > 512 || strings.Contains(path, "/.") || !strings.HasPrefix(path, prefix) {
		p.fault("path", "must be a plain path below "+prefix+", its parameters given apart")
	}
	op := list(path, p)
	op.method = method
	op.repeatable = method == http.MethodGet || method == http.MethodDelete
	return op
}

func (a *api) raw(ctx context.Context, op operation) (Raw, error) {
	e, err := a.do(ctx, op)
	if err != nil {
		return Raw{}, err
	}
	return Raw{Response: e.response, Metadata: e.metadata}, nil
}

// read makes a call whose response is one object.
func read[T any](ctx context.Context, a *api, op operation) (*T, error) {
	e, err := a.do(ctx, op)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := e.into(op, v); err != nil {
		return nil, err
	}
	return v, nil
}

// run makes a call whose response says nothing.
func (a *api) run(ctx context.Context, op operation) error {
	_, err := a.do(ctx, op)
	return err
}

// unexpected is the error of a response of another shape than the endpoint's.
func unexpected(op operation, what string) error {
	return fault(op.name(), fmt.Sprintf("response is not %s", what), ErrMalformedResponse)
}

// notFound is the error of a search without result.
func notFound(op operation, what string) error {
	return fault(op.name(), what, ErrNotFound)
}
