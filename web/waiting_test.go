package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/internal/rules"
	"mfaserver/mfa"
	"mfaserver/web"
)

// A person may take longer over a push than the server gives a short exchange,
// in a login and in front of a dangerous operation.
func TestQuestionsOutliveTheServersDeadlines(t *testing.T) {
	t.Parallel()
	h := newGatehouse(t, func(_ *mirthtest.Config, c *rules.Config) {
		c.StepUp = rules.StepUp{MaxAge: time.Nanosecond, Operations: []rules.Operation{{Methods: []string{"GET", "POST"}, Paths: []string{"/channels", "/channels/_redeployAll"}}}}
	})
	const deadline = 200 * time.Millisecond
	h.prover.OnProve(func(ctx context.Context, _ mfa.ProofRequest) (mfa.ProofResult, error) {
		select {
		case <-time.After(3 * deadline):
			return mfa.ProofResult{Result: "allow", Status: "allow"}, nil
		case <-ctx.Done():
			return mfa.ProofResult{}, ctx.Err()
		}
	})
	hasty := httptest.NewUnstartedServer(nil)
	hasty.Config = web.HTTPServer(h.handler, slog.New(slog.DiscardHandler))
	hasty.Config.ReadTimeout, hasty.Config.WriteTimeout = deadline, deadline
	hasty.StartTLS()
	t.Cleanup(hasty.Close)
	h.Server = hasty
	login := h.call(t, "paula", enginePassword)
	if login.StatusCode != http.StatusOK {
		t.Fatalf("login = %d %s", login.StatusCode, login.body)
	}
	id := login.sessionID(t)
	for _, c := range []struct{ method, target, body string }{{"GET", "/api/channels", ""}, {"POST", "/api/channels/_redeployAll", "<set/>"}} {
		if got := h.send(t, c.method, c.target, c.body, append(with(id), "Content-Type", "application/xml")...); got.StatusCode >= 300 {
			t.Errorf("%s %s = %d %s", c.method, c.target, got.StatusCode, got.body)
		}
	}
	if n := len(h.prover.Asked()); n != 3 {
		t.Errorf("%d questions, want 3", n)
	}
}
