package duotest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mfaserver/duoclient/duotest"
)

// health calls the health check with the faults in its answer.
func (a *app) health(f duotest.AnswerFaults) (answer, error) {
	a.t.Helper()
	a.SetFaults(duotest.Faults{HealthCheck: f})
	return a.try(a.request(http.MethodPost, duotest.EndpointHealthCheck, nil, a.healthForm()))
}

const healthy = `{"response":{"timestamp":1700000000},"stat":"OK"}`

// Each knob that changes an answer changes it.
func TestAnswerFaults(t *testing.T) {
	t.Parallel()
	a := start(t)
	html := "<h1>Bad gateway</h1>"
	for _, tc := range []struct {
		name   string
		faults duotest.AnswerFaults
		status int
		header string
		value  string
		body   string
	}{
		{"none", duotest.AnswerFaults{}, 200, "Content-Type", "application/json", healthy},
		// Threat T095: 5xx, 429 and odd codes.
		{"Status", duotest.AnswerFaults{Status: 503}, 503, "Content-Type", "application/json", healthy},
		{"Status and Header", duotest.AnswerFaults{Status: 429, Header: map[string]string{"Retry-After": "7"}}, 429, "Retry-After", "7", healthy},
		{"Status without a body", duotest.AnswerFaults{Status: 204}, 204, "Server", "Duo/1.0", ""},
		{"Body", duotest.AnswerFaults{Body: &html, Header: map[string]string{"Content-Type": "text/html"}}, 200, "Content-Type", "text/html", html},
		{"empty Body", duotest.AnswerFaults{Body: new("")}, 200, "Server", "Duo/1.0", ""},
		// Threat T098: a health check is good only with stat OK.
		{"JSON.Set", duotest.AnswerFaults{JSON: duotest.JSONFaults{Set: map[string]any{"stat": "FAIL", "response.timestamp": 1.5}}}, 200, "", "", `{"response":{"timestamp":1.5},"stat":"FAIL"}`},
		{"JSON.Set of a new member", duotest.AnswerFaults{JSON: duotest.JSONFaults{Set: map[string]any{"a.b.c": json.RawMessage("1e308")}}}, 200, "", "", `{"response":{"timestamp":1700000000},"stat":"OK","a":{"b":{"c":1e308}}}`},
		{"JSON.Remove", duotest.AnswerFaults{JSON: duotest.JSONFaults{Remove: []string{"stat", "response.timestamp"}}}, 200, "", "", `{"response":{}}`},
		{"JSON.Repeat", duotest.AnswerFaults{JSON: duotest.JSONFaults{Repeat: map[string]any{"stat": "FAIL"}}}, 200, "", "", `{"response":{"timestamp":1700000000},"stat":"OK","stat":"FAIL"}`},
		{"JSON.RepeatFirst", duotest.AnswerFaults{JSON: duotest.JSONFaults{Repeat: map[string]any{"STAT": "FAIL"}, RepeatFirst: true}}, 200, "", "", `{"STAT":"FAIL","response":{"timestamp":1700000000},"stat":"OK"}`},
		{"JSON.Trailing", duotest.AnswerFaults{JSON: duotest.JSONFaults{Trailing: "{}"}}, 200, "", "", healthy + "{}"},
		{"JSON.Replace", duotest.AnswerFaults{JSON: duotest.JSONFaults{Replace: "[]"}}, 200, "", "", "[]"},
		// Threat T094: redirects.
		{"Redirect", duotest.AnswerFaults{Redirect: "https://evil.example/"}, 302, "Location", "https://evil.example/", healthy},
		{"Redirect 307", duotest.AnswerFaults{Redirect: "/elsewhere", Status: 307}, 307, "Location", "/elsewhere", healthy},
		// Threat T092: giant answers.
		{"Pad", duotest.AnswerFaults{Pad: 100_000}, 200, "", "", healthy + strings.Repeat(" ", 100_000)},
	} {
		got, err := a.health(tc.faults)
		if err != nil || got.status != tc.status || got.body != tc.body || (tc.header != "" && got.header.Get(tc.header) != tc.value) {
			t.Errorf("%s: %v, %d %s %q\n%s", tc.name, err, got.status, tc.header, got.header.Get(tc.header), got.body)
		}
	}
}

// Threat T092: gzip that nobody asked for, here 1000 times as large unpacked.
func TestFaultGzip(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.SetFaults(duotest.Faults{HealthCheck: duotest.AnswerFaults{Gzip: true, Pad: 4 << 20}})
	r := a.request(http.MethodPost, duotest.EndpointHealthCheck, nil, a.healthForm())
	r.Header.Set("Accept-Encoding", "identity") // keeps the transport from unpacking
	got := a.do(r)
	if got.header.Get("Content-Encoding") != "gzip" || len(got.body) > 64<<10 {
		t.Fatalf("%q, %d bytes", got.header.Get("Content-Encoding"), len(got.body))
	}
	z, err := gzip.NewReader(strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || len(text) != 4<<20+len(healthy) || !bytes.HasPrefix(text, []byte(healthy)) {
		t.Errorf("%v, %d bytes unpacked", err, len(text))
	}
}

// Threat T092: an answer without an end; T092: Content-Length that lies.
func TestFaultEndlessAndTruncate(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.SetFaults(duotest.Faults{HealthCheck: duotest.AnswerFaults{Endless: true}})
	resp, err := a.Client().Do(a.request(http.MethodPost, duotest.EndpointHealthCheck, nil, a.healthForm()))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.CopyN(io.Discard, resp.Body, 5<<20); err != nil {
		t.Errorf("Endless: %v after %d bytes", err, n)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if got, err := a.health(duotest.AnswerFaults{Truncate: true}); !errors.Is(err, io.ErrUnexpectedEOF) || got.body != healthy[:len(healthy)/2] {
		t.Errorf("Truncate: %v, %q", err, got.body)
	}
}

// Threat T093: slow answers.
func TestFaultSlow(t *testing.T) {
	t.Parallel()
	var waits, total atomic.Int64
	a := start(t, func(c *duotest.Config) {
		c.After = func(d time.Duration) <-chan time.Time {
			waits.Add(1)
			total.Add(int64(d))
			done := make(chan time.Time, 1)
			done <- epoch
			return done
		}
	})
	for name, tc := range map[string]struct {
		faults duotest.AnswerFaults
		least  int64
	}{
		"Delay":      {duotest.AnswerFaults{Delay: time.Second}, 1},
		"DripBody":   {duotest.AnswerFaults{DripBody: time.Second}, int64(len(healthy))},
		"DripHeader": {duotest.AnswerFaults{DripHeader: time.Second}, 150},
	} {
		waits.Store(0)
		total.Store(0)
		got, err := a.health(tc.faults)
		if err != nil || got.status != 200 || got.body != healthy || waits.Load() < tc.least || total.Load() != waits.Load()*int64(time.Second) {
			t.Errorf("%s: %v, %d %q, %d waits of %v", name, err, got.status, got.body, waits.Load(), time.Duration(total.Load()))
		}
	}
}

// Threat T093: a Duo that never answers. Closing the server ends the wait.
func TestFaultHang(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]duotest.AnswerFaults{"Hang": {Hang: true}, "HangAfter": {HangAfter: true}} {
		a := start(t)
		code := a.code()
		a.SetFaults(duotest.Faults{Token: f})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		r := a.request(http.MethodPost, duotest.EndpointToken, nil, a.tokenForm(code))
		if _, err := a.try(r.WithContext(ctx)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want a deadline", name, err)
		}
		a.SetFaults(duotest.Faults{})
		got := a.exchange(code)
		if spent := got.body == grantRefusal; spent != f.HangAfter {
			t.Errorf("%s: code spent: %v", name, spent)
		}
		a.SetFaults(duotest.Faults{Token: f})
		done := make(chan error, 1)
		r = a.request(http.MethodPost, duotest.EndpointToken, nil, a.tokenForm(code))
		sent := make(chan struct{})
		trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { close(sent) }}
		go func() {
			_, err := a.try(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
			done <- err
		}()
		<-sent
		a.Close()
		if err := <-done; err == nil {
			t.Errorf("%s: a closed server answered", name)
		}
	}
}

// The connection is cut before or after the code is spent.
func TestFaultReset(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]duotest.AnswerFaults{"ResetBefore": {ResetBefore: true}, "ResetAfter": {ResetAfter: true}} {
		a := start(t)
		code := a.code()
		a.SetFaults(duotest.Faults{Token: f})
		_, err := a.try(a.request(http.MethodPost, duotest.EndpointToken, nil, a.tokenForm(code)))
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v, want a reset", name, err)
		}
		if calls := a.Calls(); calls[len(calls)-1].Status != 0 {
			t.Errorf("%s: journal says %d", name, calls[len(calls)-1].Status)
		}
		a.SetFaults(duotest.Faults{})
		if spent := a.exchange(code).body == grantRefusal; spent != f.ResetAfter {
			t.Errorf("%s: code spent: %v", name, spent)
		}
	}
}

func TestFaultGarbage(t *testing.T) {
	t.Parallel()
	a := start(t)
	_, err := a.health(duotest.AnswerFaults{Garbage: true})
	if err == nil || !strings.Contains(err.Error(), "malformed HTTP") {
		t.Errorf("err = %v, want malformed HTTP", err)
	}
}

// Threat T095: floods of 1xx.
func TestFaultInformational(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.SetFaults(duotest.Faults{HealthCheck: duotest.AnswerFaults{Informational: 4}})
	r := a.request(http.MethodPost, duotest.EndpointHealthCheck, nil, a.healthForm())
	hints := 0
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		if code == http.StatusEarlyHints {
			hints++
		}
		return nil
	}}
	got := a.do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if hints != 4 || got.body != healthy {
		t.Errorf("%d hints, then %d %s", hints, got.status, got.body)
	}
}

func TestFaultSkipAndFirst(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.SetFaults(duotest.Faults{HealthCheck: duotest.AnswerFaults{Status: 500, Skip: 1, First: 2}})
	for i, want := range []int{200, 500, 500, 200, 200} {
		if got := a.post(duotest.EndpointHealthCheck, a.healthForm()); got.status != want {
			t.Errorf("call %d = %d, want %d", i, got.status, want)
		}
	}
	if got := a.exchange(a.code()); got.status != http.StatusOK {
		t.Errorf("the faults of one endpoint reach another: %d", got.status)
	}
	if n := a.CountCalls(duotest.EndpointHealthCheck); n != 5 {
		t.Errorf("%d calls counted, want 5", n)
	}
}

// The other endpoints have their knobs too.
func TestFaultsByEndpoint(t *testing.T) {
	t.Parallel()
	a := start(t)
	code := a.code()
	a.SetFaults(duotest.Faults{
		Authorize: duotest.AnswerFaults{Status: 502},
		Token:     duotest.AnswerFaults{JSON: duotest.JSONFaults{Set: map[string]any{"token_type": "MAC"}}},
	})
	if got := a.authorize(a.requestClaims()); got.status != 502 {
		t.Errorf("authorize = %d", got.status)
	}
	if got := a.object(a.exchange(code).body); got["token_type"] != "MAC" {
		t.Errorf("token = %v", got)
	}
	if got := a.post(duotest.EndpointHealthCheck, a.healthForm()); got.body != healthy {
		t.Errorf("health check = %s", got.body)
	}
}
