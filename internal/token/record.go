package token

import (
	"context"
	"errors"

	"mfaserver/internal/audit"
)

// Recorder is what this package needs of the audit trail; see
// [audit.Recorder].
type Recorder interface {
	Record(ctx context.Context, e audit.Event) error
}

// record writes an event, also for a caller that has gone away (threat T195).
// Its error is [ErrUnavailable].
func record(ctx context.Context, r Recorder, e audit.Event) error {
	if err := r.Record(context.WithoutCancel(ctx), e); err != nil {
		return unavailable("audit trail", err)
	}
	return nil
}

// reasonOf is a refusal as the trail has it.
func reasonOf(err error) string {
	for reason, rule := range map[string]error{
		"unknown": ErrUnknown, "expired": ErrExpired, "revoked": ErrRevoked, "network": ErrNetwork,
		"spent": ErrSpent, "wrong_user": ErrWrongUser, "throttled": ErrThrottled,
	} {
		if errors.Is(err, rule) {
			return reason
		}
	}
	return "refused"
}

// storeError hands on what a store may answer, and everything else as
// [ErrUnavailable].
func storeError(err error, answers ...error) error {
	if err == nil || errors.Is(err, ErrUnavailable) {
		return err
	}
	for _, answer := range answers {
		if errors.Is(err, answer) {
			return err
		}
	}
	return unavailable("store", err)
}
