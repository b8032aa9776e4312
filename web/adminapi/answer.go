package adminapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"mfaserver/internal/adminops"
)

// problem is an answer that is not a success.
type problem struct {
	status  int
	code    string
	message string
	duoCode int
	advice  string
	retry   time.Duration
}

// errorBody is a problem as clients read it.
type errorBody struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	DuoCode   int    `json:"duo_code,omitempty"`
	Advice    string `json:"advice,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// partBody is a part of a stream that is not complete.
type partBody struct {
	Organization string    `json:"organization"`
	Error        errorBody `json:"error"`
}

// maxParts bounds how many of them are told.
const maxParts = 1000

func invalid(message string) *problem {
	return &problem{status: http.StatusBadRequest, code: string(adminops.KindInvalid), message: message}
}

func unavailable() *problem {
	return &problem{
		status: http.StatusServiceUnavailable, code: string(adminops.KindInternal),
		message: "The server cannot answer at the moment.", retry: 5 * time.Second,
	}
}

func (c *call) errorBody(p problem) errorBody {
	return errorBody{Code: p.code, Message: p.message, DuoCode: p.duoCode, Advice: p.advice, RequestID: c.client.RequestID}
}

// fail answers with a problem.
func (c *call) fail(p problem) {
	if p.retry > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retry.Seconds()))))
	}
	c.json(p.status, struct {
		Error errorBody `json:"error"`
	}{c.errorBody(p)})
}

// explain turns an error of an operation into a problem. The cause is logged
// where it is ours or Duo's, not where the client made it.
func (c *call) explain(op adminops.Operation, err error) problem {
	e := adminops.Explain(err)
	p := problem{
		status: statusOf(e.Kind), code: string(e.Kind), message: e.Message, duoCode: e.DuoCode, advice: e.Advice, retry: e.RetryAfter,
	}
	if p.status >= http.StatusInternalServerError {
		c.log("operation failed", err, slog.String("operation", op.Name))
	}
	if p.retry == 0 && (p.status == http.StatusServiceUnavailable || p.status == http.StatusTooManyRequests) {
		p.retry = 5 * time.Second
	}
	return p
}

func (c *call) failed(op adminops.Operation, err error) { c.fail(c.explain(op, err)) }

// statusOf is the status of a kind. Trouble between the server and Duo is not
// the client's.
func statusOf(k adminops.Kind) int {
	switch k {
	case adminops.KindInvalid, adminops.KindPolicy:
		return http.StatusBadRequest
	case adminops.KindQuota:
		return http.StatusTooManyRequests
	case adminops.KindUnknownOrg, adminops.KindNotFound:
		return http.StatusNotFound
	case adminops.KindExists:
		return http.StatusConflict
	case adminops.KindRefused:
		return http.StatusUnprocessableEntity
	case adminops.KindNotConfigured:
		return http.StatusNotImplemented
	case adminops.KindMisconfigured, adminops.KindClock, adminops.KindUntrusted, adminops.KindMalformed:
		return http.StatusBadGateway
	default:
		return http.StatusServiceUnavailable
	}
}

// json sends a value. encoding/json escapes what means something in HTML
// (threat T161). Every answer is marked no-store by the server, so that what
// is told once is kept nowhere (threats T158, T160).
func (c *call) json(status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		c.log("answer cannot be encoded", err)
		c.w.WriteHeader(http.StatusInternalServerError)
		return
	}
	c.headers()
	c.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body)
}

func (c *call) headers() {
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

// page sends a part of a list; next_offset is there when there is more.
func (c *call) page(op adminops.Operation, items iter.Seq2[any, error], w window) {
	out := struct {
		Items      []json.RawMessage `json:"items"`
		NextOffset *int              `json:"next_offset,omitempty"`
	}{Items: []json.RawMessage{}}
	at := 0
	for item, err := range items {
		if err != nil {
			c.failed(op, err)
			return
		}
		at++
		if at <= w.offset {
			continue
		}
		if len(out.Items) == w.limit {
			next := w.offset + w.limit
			out.NextOffset = &next
			break
		}
		text, err := json.Marshal(item)
		if err != nil {
			c.failed(op, err)
			return
		}
		out.Items = append(out.Items, text)
	}
	c.json(http.StatusOK, out)
}

// stream sends items as they come. The status tells only how it began: the
// member complete, which comes last, tells how it ended. An answer that breaks
// off has none.
func (c *call) stream(op adminops.Operation, items iter.Seq2[any, error]) {
	s := &streaming{call: c}
	for item, err := range items {
		if part, ok := errors.AsType[*adminops.PartError](err); ok {
			s.part(op, part)
			continue
		}
		if err != nil {
			s.broken(op, err)
			return
		}
		if !s.item(item) {
			return
		}
	}
	s.end()
}

type streaming struct {
	*call
	begun bool
	count int
	parts []partBody
}

func (s *streaming) begin() {
	if s.begun {
		return
	}
	s.begun = true
	s.headers()
	s.w.WriteHeader(http.StatusOK)
	_, _ = s.w.Write([]byte(`{"items":[`))
}

// item reports whether the client is still there.
func (s *streaming) item(v any) bool {
	text, err := json.Marshal(v)
	if err != nil {
		s.log("answer cannot be encoded", err)
		return false
	}
	if s.count > 0 {
		text = append([]byte{','}, text...)
	}
	s.count++
	return s.send(text)
}

// send writes what the client must take within [itemTime]; between items
// there is no deadline but that of the stream.
func (s *streaming) send(text []byte) bool {
	s.deadline(itemTime)
	s.begin()
	if _, err := s.w.Write(text); err != nil {
		return false
	}
	control := http.NewResponseController(s.w)
	if err := control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return false
	}
	_ = control.SetWriteDeadline(time.Time{})
	return true
}

func (s *streaming) part(op adminops.Operation, e *adminops.PartError) {
	if len(s.parts) < maxParts {
		s.parts = append(s.parts, partBody{Organization: e.Organization, Error: s.errorBody(s.explain(op, e.Err))})
	}
}

// broken ends a stream that cannot go on. Before its first item it is an
// ordinary failure.
func (s *streaming) broken(op adminops.Operation, err error) {
	if !s.begun && s.parts == nil {
		s.failed(op, err)
		return
	}
	s.tail(s.errorBody(s.explain(op, err)))
}

func (s *streaming) end() { s.tail(errorBody{}) }

func (s *streaming) tail(e errorBody) {
	tail := struct {
		Complete bool       `json:"complete"`
		Parts    []partBody `json:"incomplete,omitempty"`
		Error    *errorBody `json:"error,omitempty"`
	}{Complete: e.Code == "" && s.parts == nil, Parts: s.parts}
	if e.Code != "" {
		tail.Error = &e
	}
	text, err := json.Marshal(tail)
	if err != nil {
		s.log("answer cannot be encoded", err)
		return
	}
	s.send(bytes.Join([][]byte{[]byte("],"), text[1:]}, nil))
}

func (c *call) log(message string, err error, more ...any) {
	more = append(more, slog.String("request_id", c.client.RequestID), slog.Any("err", err))
	c.api.log.ErrorContext(c.r.Context(), message, more...) //nolint:sloglint // each caller's message is a constant
}
