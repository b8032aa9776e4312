package duoclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mfaserver/duoclient"
)

func TestHealthCheck(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	u := f.client(t, duoclient.WithUserAgent("mfaserver/1.2.3"))
	h, err := u.HealthCheck(t.Context())
	if err != nil || !h.Time.Equal(noon) || h.Skew != 0 {
		t.Fatalf("HealthCheck = %+v, %v", h, err)
	}
	calls := f.seen()
	if len(calls) != 1 || calls[0].Form["client_id"] != clientID || calls[0].Form["client_assertion"] == "" || len(calls[0].Form) != 2 {
		t.Errorf("calls: %+v", calls)
	}
	if calls[0].UserAgent != "mfaserver/1.2.3" {
		t.Errorf("User-Agent %q", calls[0].UserAgent)
	}
}

// Threats T095, T096, T097, T098: every answer but the one good one is a
// failure, each in its class; only an outage is asked again, twice at most.
func TestHealthAnswers(t *testing.T) {
	t.Parallel()
	const invalid = `{"code":40002,"message":"invalid_client","message_detail":"The provided client_assertion was invalid.","stat":"FAIL","timestamp":1793534400}`
	good := `{"response":{"timestamp":1793534400},"stat":"OK"}`
	for _, row := range []struct {
		name  string
		h     http.HandlerFunc
		want  error
		class duoclient.Class
		calls int
	}{
		{"500", reply(500, "oops"), duoclient.ErrOutage, duoclient.ClassOutage, 3},
		{"502 with HTML", reply(502, "<html>"), duoclient.ErrOutage, duoclient.ClassOutage, 3},
		{"503 though stat OK", reply(503, good), duoclient.ErrOutage, duoclient.ClassOutage, 3},
		{"429", reply(429, "{}"), duoclient.ErrRateLimited, duoclient.ClassBusy, 1},
		{"invalid_client", reply(400, invalid), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured, 1},
		{"invalid_client with 200", reply(200, invalid), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured, 1},
		{"invalid_client, timestamp ahead", reply(400, strings.Replace(invalid, "1793534400", "1793534461", 1)), duoclient.ErrClockSkew, duoclient.ClassClockSkew, 1},
		{"invalid_client, timestamp behind", reply(400, strings.Replace(invalid, "1793534400", "1793534339", 1)), duoclient.ErrClockSkew, duoclient.ClassClockSkew, 1},
		{"invalid_client, 60 s off", reply(400, strings.Replace(invalid, "1793534400", "1793534460", 1)), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured, 1},
		{"invalid_client, Date off", dated(400, `{"code":"40002","message":"invalid_client","stat":"FAIL"}`, noon.Add(2*time.Minute)), duoclient.ErrClockSkew, duoclient.ClassClockSkew, 1},
		{"OAuth words", reply(401, `{"error":"invalid_client","error_description":"no"}`), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured, 1},
		{"403", reply(403, `{"code":40301,"message":"Access forbidden","stat":"FAIL"}`), duoclient.ErrMisconfigured, duoclient.ClassMisconfigured, 1},
		{"404 HTML", reply(404, "<html>not found</html>"), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"200 HTML", reply(200, "<html>hello</html>"), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"200 empty", reply(200, ""), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"206 with stat OK", reply(206, good), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"201 with stat OK", reply(201, good), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"400 with stat OK", reply(400, good), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"stat ok", reply(200, strings.Replace(good, "OK", "ok", 1)), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"stat true", reply(200, strings.Replace(good, `"OK"`, "true", 1)), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"Stat", reply(200, strings.Replace(good, `"stat"`, `"Stat"`, 1)), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"stat twice", reply(200, `{"stat":"FAIL",`+good[1:]), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"compressed, it says", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			_, _ = io.WriteString(w, good)
		}, duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"a redirect with stat OK", reply(307, good), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"no timestamp", reply(200, `{"response":{},"stat":"OK"}`), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"timestamp in text", reply(200, strings.Replace(good, "1793534400", `"1793534400"`, 1)), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"trailing data", reply(200, good+"x"), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"list", reply(200, "["+good+"]"), duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"ahead", reply(200, strings.Replace(good, "1793534400", "1793534461", 1)), duoclient.ErrClockSkew, duoclient.ClassClockSkew, 1},
		{"behind", reply(200, strings.Replace(good, "1793534400", "1793534339", 1)), duoclient.ErrClockSkew, duoclient.ClassClockSkew, 1},
		{"1970", reply(200, strings.Replace(good, "1793534400", "0", 1)), duoclient.ErrClockSkew, duoclient.ClassClockSkew, 1},
		{"year 292277026596", reply(200, strings.Replace(good, "1793534400", "9223372036854775807", 1)), duoclient.ErrClockSkew, duoclient.ClassClockSkew, 1},
		{"continue flood", func(w http.ResponseWriter, _ *http.Request) {
			for range 10000 {
				w.WriteHeader(http.StatusEarlyHints)
			}
		}, duoclient.ErrMalformedResponse, duoclient.ClassMalformed, 1},
		{"cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, duoclient.ErrOutage, duoclient.ClassOutage, 3},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.answerHealth(row.h)
			h, err := f.client(t).HealthCheck(t.Context())
			if h != (duoclient.Health{}) || !errors.Is(err, row.want) || duoclient.Classify(err) != row.class {
				t.Errorf("HealthCheck = %v, %v (%v), want %v", h, err, duoclient.Classify(err), row.want)
			}
			if got := len(f.seen()); got != row.calls {
				t.Errorf("%d calls, want %d", got, row.calls)
			}
			if errors.Is(err, duoclient.ErrNotSent) {
				t.Errorf("%v claims that nothing was sent", err)
			}
		})
	}
}

func dated(status int, body string, at time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", at.Format(http.TimeFormat))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestHealthAPIError(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.answerHealth(reply(400, `{"code":40002,"message":"invalid_client","message_detail":"Failed to verify\u0007 signature.\u202e","stat":"FAIL","timestamp":1793534400}`))
	_, err := f.client(t).HealthCheck(t.Context())
	api, ok := errors.AsType[*duoclient.APIError](err)
	if !ok || api.Call != "health_check" || api.HTTPStatus != 400 || api.Code != 40002 || api.Message != "invalid_client" || api.Detail != "Failed to verify? signature.?" {
		t.Errorf("APIError = %+v (%v)", api, err)
	}
	const want = "duoclient: Duo refuses our credentials: health_check: HTTP 400 code 40002: invalid_client: Failed to verify? signature.?"
	if err.Error() != want {
		t.Errorf("text %q, want %q", err, want)
	}
}

// Threat T095: an outage that passes is asked over; each try has an assertion
// of its own.
func TestHealthRecovers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	var n atomic.Int32
	f.answerHealth(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) < 3 {
			reply(503, "")(w, r)
			return
		}
		reply(200, `{"response":{"timestamp":1793534400},"stat":"OK"}`)(w, r)
	})
	if _, err := f.client(t).HealthCheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	jti := map[string]bool{}
	for _, c := range f.seen() {
		jti[c.Form["client_assertion"]] = true
	}
	if len(jti) != 3 {
		t.Errorf("%d assertions, want 3", len(jti))
	}
}

// Threat T095: 429 with Retry-After is waited for when the budget allows, and
// until then nothing else is asked.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	limited := func(value string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", value)
			reply(429, "{}")(w, r)
		}
	}
	t.Run("waited for", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		var n atomic.Int32
		f.answerHealth(func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1) == 1 {
				limited("1")(w, r)
				return
			}
			reply(200, `{"response":{"timestamp":1793534400},"stat":"OK"}`)(w, r)
		})
		start := time.Now()
		if _, err := f.client(t).HealthCheck(t.Context()); err != nil || time.Since(start) < time.Second {
			t.Errorf("HealthCheck = %v after %v", err, time.Since(start))
		}
	})
	for _, value := range []string{"30", noon.Add(30 * time.Second).Format(http.TimeFormat), "99999999"} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.answerHealth(limited(value))
			f.answerToken(reply(200, "{}"))
			u := f.client(t)
			_, err := u.HealthCheck(t.Context())
			api, ok := errors.AsType[*duoclient.APIError](err)
			if !ok || !errors.Is(err, duoclient.ErrRateLimited) || api.RetryAfter < 30*time.Second || api.RetryAfter > time.Minute {
				t.Fatalf("HealthCheck = %v, want ErrRateLimited with 30 to 60 s", err)
			}
			_, err = u.Exchange(t.Context(), asked())
			if !errors.Is(err, duoclient.ErrRateLimited) || !errors.Is(err, duoclient.ErrNotSent) {
				t.Errorf("Exchange behind the gate = %v", err)
			}
			if n := len(f.seen()); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	}
	t.Run("nonsense", func(t *testing.T) {
		t.Parallel()
		f := newFake(t)
		f.answerHealth(limited("soon"))
		u := f.client(t)
		for range 2 {
			if _, err := u.HealthCheck(t.Context()); !errors.Is(err, duoclient.ErrRateLimited) {
				t.Errorf("HealthCheck = %v", err)
			}
		}
		if n := len(f.seen()); n != 2 {
			t.Errorf("%d calls, want 2", n)
		}
	})
}

// Threat T099: up to 60 s either way are told, more is refused.
func TestSkew(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for _, row := range []struct {
		off  time.Duration
		want error
	}{
		{0, nil},
		{60 * time.Second, nil},
		{-60 * time.Second, nil},
		{61 * time.Second, duoclient.ErrClockSkew},
		{-61 * time.Second, duoclient.ErrClockSkew},
		{5 * time.Minute, duoclient.ErrClockSkew},
		{-24 * time.Hour, duoclient.ErrClockSkew},
		{-noon.Sub(time.Unix(0, 0)), duoclient.ErrClockSkew},
	} {
		u := f.client(t, duoclient.WithClock(clockAt(noon.Add(row.off))))
		h, err := u.HealthCheck(t.Context())
		if !errors.Is(err, row.want) || (err == nil && h.Skew != row.off) {
			t.Errorf("clock %v off: %v, %v, want %v", row.off, h.Skew, err, row.want)
		}
		if row.want != nil && !strings.Contains(err.Error(), "our clock is") {
			t.Errorf("text %q does not say whose clock", err)
		}
	}
}

// The caller's own end is told as such, never as an outage.
func TestHealthCancelled(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.answerHealth(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	u := f.client(t)
	_, err := u.HealthCheck(ctx)
	if !errors.Is(err, context.Canceled) || errors.Is(err, duoclient.ErrOutage) || errors.Is(err, duoclient.ErrNotSent) {
		t.Errorf("HealthCheck = %v", err)
	}
	if got := duoclient.Classify(err); got != duoclient.ClassBusy {
		t.Errorf("Classify = %v", got)
	}
	_, err = u.HealthCheck(ctx)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, duoclient.ErrNotSent) || len(f.seen()) != 1 {
		t.Errorf("HealthCheck after the end = %v, %d calls", err, len(f.seen()))
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  error
		want duoclient.Class
		word string
	}{
		{nil, duoclient.ClassNone, "none"},
		{duoclient.ErrCodeRefused, duoclient.ClassRefusal, "refusal"},
		{duoclient.ErrNotAllowed, duoclient.ClassRefusal, "refusal"},
		{duoclient.ErrBadToken, duoclient.ClassRefusal, "refusal"},
		{duoclient.ErrMisconfigured, duoclient.ClassMisconfigured, "misconfigured"},
		{duoclient.ErrConfig, duoclient.ClassMisconfigured, "misconfigured"},
		{duoclient.ErrClockSkew, duoclient.ClassClockSkew, "clock_skew"},
		{duoclient.ErrUntrustedServer, duoclient.ClassUntrusted, "untrusted"},
		{duoclient.ErrMalformedResponse, duoclient.ClassMalformed, "malformed"},
		{errors.New("anything else"), duoclient.ClassMalformed, "malformed"},
		{duoclient.ErrBusy, duoclient.ClassBusy, "busy"},
		{duoclient.ErrRateLimited, duoclient.ClassBusy, "busy"},
		{duoclient.ErrOutage, duoclient.ClassOutage, "outage"},
		// Threat T097: what is an outage and something else is the other.
		{errors.Join(duoclient.ErrOutage, duoclient.ErrUntrustedServer), duoclient.ClassUntrusted, "untrusted"},
		{fmt.Errorf("wrapped: %w", duoclient.ErrOutage), duoclient.ClassOutage, "outage"},
	} {
		if got := duoclient.Classify(row.err); got != row.want || got.String() != row.word {
			t.Errorf("Classify(%v) = %v, want %v", row.err, got, row.word)
		}
	}
	if got := duoclient.Class(99).String(); got != "unknown" {
		t.Errorf("Class(99) = %q", got)
	}
}
