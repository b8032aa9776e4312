package main

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"

	"mfaserver/mfa"
	"mfaserver/session"
)

// reasonDuoDenies is why a session ends whose user Duo has disabled or locked
// out since.
const reasonDuoDenies = "duo denies the user"

// checkUsers asks Duo about everybody who has a session, and ends those of
// users whom it would not let in any more. That Duo cannot be asked ends
// nothing: who is in was let in by Duo, and the next round asks again.
func (a *app) checkUsers(ctx context.Context) error {
	asked, err := a.prover()
	if err != nil || asked == nil {
		return err
	}
	live, err := a.sessions.List(ctx, "")
	if err != nil {
		return err
	}
	var failures []error
	for name := range people(live) {
		failures = append(failures, a.checkUser(ctx, asked, name))
	}
	return errors.Join(failures...)
}

// people are the users whose sessions rest on Duo: tokens and exemptions do
// not.
func people(all []session.Session) map[string]bool {
	names := make(map[string]bool)
	for _, s := range all {
		if s.Token == "" && s.Exemption == "" {
			names[s.Username] = true
		}
	}
	return names
}

func (a *app) checkUser(ctx context.Context, asked mfa.Prover, username string) error {
	duoName, err := a.cfg.DuoUsername(username)
	if err != nil {
		return err
	}
	// Where the client is now is not known, so no network policy is asked.
	result, err := asked.Preauth(ctx, duoName, netip.Addr{})
	if err != nil || result != mfa.PreauthDeny {
		return err
	}
	ended, err := a.sessions.EndUser(ctx, username, reasonDuoDenies)
	a.logger.WarnContext(ctx, "duo denies a user who was signed in", slog.String("username", username), slog.Int("sessions_ended", len(ended)))
	return err
}
