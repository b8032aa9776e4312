package upstream

import (
	"context"
	"log/slog"

	"mfaserver/internal/audit"
)

// actor is who ends sessions: nobody asked for it by name.
const actor = "system"

// The reasons in the audit trail.
const (
	// The session was released: a login or a session of ours is over.
	reasonReleased = "released"
	// It was found in the ledger of a process that is gone.
	reasonRecovered = "recovered"
	// It was nobody's for too long.
	reasonUnclaimed = "unclaimed"
	// The server stops, and nobody held it.
	reasonShutdown = "shutdown"
	// The login at the engine could not be completed.
	reasonUnusable = "login_incomplete"
	// It belongs to another user than it should.
	reasonDrift = "user_changed"
	// What should tell which session it is, does not.
	reasonCarry = "carry_refused"
	reasonSeal  = "seal_broken"
)

func (h *held) event(name audit.Name, outcome audit.Outcome, reason string) audit.Event {
	return audit.Event{
		Name: name, Outcome: outcome, Username: h.username, Actor: actor, Reason: reason,
		Detail: map[string]string{"upstream": h.id.Handle()},
	}
}

// record writes an event of something that has happened already: where that
// fails there is nothing to take back.
func (u *Upstream) record(ctx context.Context, e audit.Event) {
	if err := u.cfg.Recorder.Record(context.WithoutCancel(ctx), e); err != nil {
		u.cfg.Logger.ErrorContext(ctx, "audit record failed", slog.String("event", string(e.Name)), slog.Any("err", err))
	}
}
