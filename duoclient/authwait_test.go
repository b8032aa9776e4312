package duoclient_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
)

const (
	pushed  = `{"result":"waiting","status":"pushed","status_msg":"Pushed a login request to your device..."}`
	calling = `{"result":"waiting","status":"calling","status_msg":"Dialing"}`
	allowed = `{"result":"allow","status":"allow","status_msg":"Success. Logging you in..."}`
	lost    = "lost" // the connection is cut
	unknown = "unknown"
	slow    = "slow down"
	revoked = "revoked" // the keys are good no more
)

func TestWait(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answers []string
		want    error // nil: allowed
		news    string
		naps    int
	}{
		"allowed at once":        {[]string{allowed}, nil, "", 0},
		"pushed, allowed":        {[]string{pushed, allowed}, nil, "pushed", 0},
		"news only":              {[]string{calling, calling, pushed, pushed, allowed}, nil, "calling pushed", 2},
		"denied":                 {[]string{pushed, `{"result":"deny","status":"fraud","status_msg":""}`}, errDenied, "pushed", 0},
		"a new word":             {[]string{`{"result":"maybe","status":"allow","status_msg":""}`}, errDenied, "", 0},
		"a poll out of time":     {[]string{pushed, unknown, unknown, allowed}, nil, "pushed", 2},
		"a lost connection":      {[]string{pushed, lost, allowed}, nil, "pushed", 1},
		"lost at first":          {[]string{lost, allowed}, nil, "", 1},
		"no such txid":           {[]string{unknown, allowed}, duoclient.ErrBadParameter, "", 0},
		"three in a row":         {[]string{pushed, lost, unknown, lost, allowed}, duoclient.ErrOutage, "pushed", 2},
		"three, not in a row":    {[]string{pushed, lost, lost, pushed, lost, allowed}, nil, "pushed", 4},
		"slowed down, then on":   {[]string{slow, pushed, slow, allowed}, nil, "pushed", 2},
		"slowed down for ever":   {[]string{slow, slow, slow, slow, slow, slow, slow, allowed}, duoclient.ErrRateLimited, "", 6},
		"keys revoked meanwhile": {[]string{pushed, revoked, allowed}, duoclient.ErrMisconfigured, "pushed", 0},
		"no result":              {[]string{`{"status":"allow"}`}, duoclient.ErrMalformedResponse, "", 0},
		"a text in place of all": {[]string{`"allow"`}, duoclient.ErrMalformedResponse, "", 0},
		"result twice":           {[]string{`{"result":"deny","result":"allow"}`}, duoclient.ErrMalformedResponse, "", 0},
		"result in other case":   {[]string{`{"Result":"allow"}`}, duoclient.ErrMalformedResponse, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newAPIFake(t)
			fake.set(func(n int, r apiRequest, w http.ResponseWriter) {
				switch a := row.answers[min(n, len(row.answers))-1]; a {
				case lost:
					cut(n, r, w)
				case unknown:
					bad(40002, "Invalid request parameters", "txid")(n, r, w)
				case revoked:
					bad(40103, "Invalid signature", "")(n, r, w)
				case slow:
					bad(42901, "Too Many Requests", "")(n, r, w)
				default:
					good(a)(n, r, w)
				}
			})
			var waits naps
			var news []string
			c := newAPIClients(t, fake.config(t), duoclient.WithSleep(waits.sleep))
			got, err := c.auth.Wait(t.Context(), txid, func(r duoclient.AuthResult) { news = append(news, r.Status) })
			switch {
			case row.want == nil && (err != nil || !got.Allowed()):
				t.Errorf("Wait = %v, %v, want allow", got, err)
			case errors.Is(row.want, errDenied) && (err != nil || got.Allowed()):
				t.Errorf("Wait = %v, %v, want anything but allow", got, err)
			case row.want != nil && !errors.Is(row.want, errDenied) && !errors.Is(err, row.want):
				t.Errorf("Wait = %v, %v, want %v", got, err, row.want)
			}
			if s := strings.Join(news, " "); s != row.news {
				t.Errorf("news %q, want %q", s, row.news)
			}
			if n := len(waits.all()); n != row.naps {
				t.Errorf("%d waits, want %d", n, row.naps)
			}
		})
	}
}

var errDenied = errors.New("denied")

func TestWaitCancelled(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(good(pushed))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waits := naps{before: func(n int) {
		if n == 3 {
			cancel()
		}
	}}
	c := newAPIClients(t, fake.config(t), duoclient.WithSleep(waits.sleep))
	if got, err := c.auth.Wait(ctx, txid, nil); got.Allowed() || !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, %v, want the caller's cancel", got, err)
	}
	if n := len(fake.seen()); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
}

// TestWaitRunsOut: the caller's time ends while Duo waits.
func TestWaitRunsOut(t *testing.T) {
	t.Parallel()
	fake := newAPIFake(t)
	fake.set(good(pushed))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	c := newAPIClients(t, fake.config(t))
	if got, err := c.auth.Wait(ctx, txid, nil); got.Allowed() || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait = %v, %v, want that the time is over", got, err)
	}
}

func TestOnlyAllowAllows(t *testing.T) {
	t.Parallel()
	var none *duoclient.AuthResult
	if none.Allowed() {
		t.Error("nothing allows")
	}
	for _, word := range []duoclient.AuthOutcome{"", "ALLOW", "Allow", "allow ", "allowed", "deny", "waiting", "bypass", "true"} {
		if (&duoclient.AuthResult{Result: word, Status: "allow"}).Allowed() {
			t.Errorf("%q allows", word)
		}
	}
}
