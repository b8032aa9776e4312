package mfa

import (
	"context"
	"errors"
	"time"

	"mfaserver/duoclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/failpoint"
)

// sourceMemory is how long an address is remembered as one of the user's.
const sourceMemory = 30 * 24 * time.Hour

// grant ends the transaction well. When anything after that fails there is no
// grant, and the transaction stays ended.
func (f *Flow) grant(ctx context.Context, tx *Transaction, id *duoclient.Identity, c Client) (*Grant, error) {
	now := f.now()
	carry, err := f.redeemed(ctx, tx, now)
	switch {
	case errors.Is(err, ErrExpired):
		return nil, f.expired(ctx, tx, c, Claimed)
	case isRule(err):
		return nil, f.refuse(ctx, tx.refused(audit.MFARefused, "ended_meanwhile", c), err)
	case err != nil:
		return nil, err
	}
	failpoint.Hit(failpoint.AfterRedeemed)
	if err := f.conclude(ctx, tx, id, c, now); err != nil {
		f.release(ctx, tx.Username, carry)
		return nil, err
	}
	f.fatigue.finished(tx.Username)
	return &Grant{
		Username: tx.Username, UserID: tx.UserID, Administrator: tx.Administrator,
		Primary: tx.Primary, Message: tx.PrimaryMessage, Carry: carry, Transaction: tx.Key.Handle(),
		Factor: id.Context.Factor, Reason: id.Context.Reason, Device: id.Context.AuthDeviceName, TxID: id.Context.TxID,
		At: now, ApprovedAt: provedAt(id.Context.Reason, now), CheckedAt: tx.CreatedAt,
	}, nil
}

// conclude does what must be done before the grant is visible.
func (f *Flow) conclude(ctx context.Context, tx *Transaction, id *duoclient.Identity, c Client, now time.Time) error {
	burned, err := f.burnSiblings(ctx, tx, now)
	if err != nil {
		return err
	}
	e := tx.event(audit.MFAAllowed, audit.OK, c)
	e.Detail = outcome(id.Context)
	if len(burned) > 0 {
		e.Detail["siblings_burned"] = handles(burned)
	}
	if err := f.record(ctx, e); err != nil {
		return err
	}
	if addr := tx.provenAddr(); addr.IsValid() {
		if err := f.sources.Remember(ctx, tx.Username, addr, now.Add(sourceMemory)); err != nil {
			return unavailable("source store", err)
		}
	}
	return nil
}

// burnSiblings ends the other logins under the same binding cookie (threat
// T031).
func (f *Flow) burnSiblings(ctx context.Context, tx *Transaction, now time.Time) ([]Transaction, error) {
	siblings, err := f.txs.Siblings(ctx, tx.Binding, now)
	if err != nil {
		return nil, unavailable("transaction store", err)
	}
	var burned []Transaction
	for i := range siblings {
		s := &siblings[i]
		if s.Key == tx.Key {
			continue
		}
		if err := f.burn(ctx, s, Pending, Claimed); err != nil {
			return nil, err
		}
		burned = append(burned, *s)
	}
	return burned, nil
}
