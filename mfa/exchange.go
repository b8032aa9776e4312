package mfa

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/failpoint"
)

const (
	// exchangeTimeout bounds the one call to Duo; with the stores it fits
	// into the 12 s within which a second call answers.
	exchangeTimeout = 10 * time.Second
	// redeemTimeout bounds everything from the claim on: a second call answers
	// within it.
	redeemTimeout = 12 * time.Second
	// codeMemory is how long a code is known to be spent (threat T069).
	codeMemory = 10 * time.Minute
)

// redeemOnce is the part of Redeem that happens once for a transaction. Its
// context is its own: when the client goes away it still comes to an end.
func (f *Flow) redeemOnce(ctx context.Context, tx *Transaction, r RedeemRequest) (*Grant, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redeemTimeout)
	defer cancel()
	failpoint.Hit(failpoint.BeforeClaim)
	claimed, err := f.claim(ctx, tx.Key, f.now())
	switch {
	case errors.Is(err, ErrExpired):
		return nil, f.expired(ctx, tx, r.Client, Pending)
	case isRule(err):
		return nil, f.refuse(ctx, tx.refused(audit.MFAReplay, "claimed_meanwhile", r.Client), err)
	case err != nil:
		return nil, err
	}
	failpoint.Hit(failpoint.AfterClaim)
	code := hash(r.Code)
	if err := f.spend(ctx, &claimed, code, r.Client); err != nil {
		return nil, err
	}
	failpoint.Hit(failpoint.BeforeDuo)
	identity, err := f.exchange(ctx, &claimed, r.Code)
	failpoint.Hit(failpoint.AfterDuo)
	if err != nil {
		return nil, f.exchangeFailed(ctx, &claimed, code, r.Client, err)
	}
	if err := f.accept(ctx, &claimed, identity, r.Client); err != nil {
		return nil, f.abandon(ctx, &claimed, err)
	}
	return f.grant(ctx, &claimed, identity, r.Client)
}

// spend notes the code for the whole cluster before Duo can see it. Only the
// transaction that was given back with this very code unsent may bring it
// again.
func (f *Flow) spend(ctx context.Context, tx *Transaction, code [sha256.Size]byte, c Client) error {
	now := f.now()
	fresh, err := f.codes.Spend(ctx, code, now.Add(codeMemory), now)
	if err != nil {
		return errors.Join(unavailable("code store", err), f.unclaim(ctx, tx.Key, code))
	}
	if !fresh && tx.UnsentCode != code {
		return f.endRefused(ctx, tx, Claimed, tx.refused(audit.MFAReplay, "code_seen", c), ErrCodeSeen)
	}
	return nil
}

// exchange asks Duo with what the transaction says, never the second call.
func (f *Flow) exchange(ctx context.Context, tx *Transaction, code string) (*duoclient.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	identity, err := f.duo.Exchange(ctx, duoclient.ExchangeRequest{
		Code: code, Username: tx.DuoUsername, Nonce: tx.Nonce, RedirectURI: tx.RedirectURI, NotBefore: tx.CreatedAt,
		Secret: tx.Secret,
	})
	switch {
	case err != nil:
		return nil, err
	case identity == nil:
		return nil, fmt.Errorf("%w: no identity", duoclient.ErrMalformedResponse)
	case identity.Username != tx.DuoUsername:
		return nil, fmt.Errorf("%w: %w", duoclient.ErrBadToken, duoclient.ErrTokenUsername)
	}
	return identity, nil
}

// exchangeFailed decides what an exchange without an identity means. Only a
// code that certainly never left gives the transaction back.
func (f *Flow) exchangeFailed(ctx context.Context, tx *Transaction, code [sha256.Size]byte, c Client, cause error) error {
	t := classify(cause)
	if t.class == duoclient.ClassRefusal {
		return f.endRefused(ctx, tx, Claimed, tx.refused(audit.MFARefused, refusal(cause), c), ErrSecondFactorRefused, cause)
	}
	f.warnExchange(ctx, t, cause)
	e := tx.event(t.event, audit.Failed, c)
	e.Reason = t.reason()
	if errors.Is(cause, duoclient.ErrNotSent) {
		if err := errors.Join(f.unclaim(ctx, tx.Key, code), f.record(ctx, e)); err != nil {
			return err
		}
		return fmt.Errorf("%w: %w", ErrSecondFactorUnavailable, cause)
	}
	if err := errors.Join(f.burn(ctx, tx, Claimed), f.record(ctx, e)); err != nil {
		return err
	}
	if t.ours() {
		return fmt.Errorf("%w: %w", ErrSecondFactorUnavailable, cause)
	}
	return fmt.Errorf("%w: %w: %w", ErrStartAgain, ErrSecondFactorUnavailable, cause)
}

// warnExchange tells the operator, and the next first call not to trust an
// old health check.
func (f *Flow) warnExchange(ctx context.Context, t trouble, cause error) {
	f.health.forget()
	f.logger.ErrorContext(ctx, "exchange with duo failed", "class", t.reason(), "err", cause)
}

// accept judges what Duo said. Every refusal burns. Whether it came in time is
// judged where the transaction ends.
func (f *Flow) accept(ctx context.Context, tx *Transaction, id *duoclient.Identity, c Client) error {
	if reason, ok := f.policy.accepts(id.Context, tx.Enrolling); !ok {
		e := tx.refused(audit.MFAPolicyRefused, reason, c)
		e.Detail = outcome(id.Context)
		return f.endRefused(ctx, tx, Claimed, e, ErrPolicy)
	}
	if err := f.checkRelay(ctx, tx, id, c); err != nil {
		return err
	}
	if err := f.recheck(ctx, tx, c, Claimed); err != nil {
		return err
	}
	return f.recheckCarry(ctx, tx, c)
}

// abandon burns a transaction that nobody can go on with: its code is gone,
// and a store, the directory or the audit trail failed.
func (f *Flow) abandon(ctx context.Context, tx *Transaction, err error) error {
	if !errors.Is(err, ErrUnavailable) {
		return err
	}
	return errors.Join(err, f.burn(ctx, tx, Claimed))
}

// outcome is what Duo said, for the audit trail.
func outcome(ac duoclient.AuthContext) map[string]string {
	return map[string]string{
		"event_type": ac.EventType, "factor": ac.Factor, "reason": ac.Reason,
		"txid": ac.TxID, "device": ac.AuthDeviceName, "access_ip": ac.AccessDeviceIP, "access_country": ac.AccessCountry,
	}
}
