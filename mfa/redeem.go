package mfa

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"

	"mfaserver/internal/audit"
)

// Redeem turns Duo's code into a grant. The order is fixed (threat T067):
//
//  1. the state is looked up, and an ended transaction refused;
//  2. the caller must be the client of the first call; another one changes
//     nothing, so that a thief cannot end the victim's login either;
//  3. names, primary status and redirect URI must be those of the
//     transaction; the third miss burns it;
//  4. the account must be what it was;
//  5. the transaction is claimed, by one caller in the whole cluster, and the
//     code is spent;
//  6. Duo is asked, once. From here on the client's going away changes
//     nothing (threat T078);
//  7. the outcome must satisfy the policy, the account is looked at again, what
//     is carried must still hold, and the transaction must not have ended
//     meanwhile.
//
// Identity, status, redirect URI and carry of the grant are those of the
// transaction; nothing of the second call is in it.
//
// Errors: each refusal matches [ErrRefused] and the sentinel of its rule.
// [ErrSecondFactorUnavailable] when Duo could not be asked: the same call may
// be made again, unless [ErrStartAgain] matches too or the trouble is at our
// end. [ErrUnavailable], with the cause, when a store, the directory or the
// audit trail failed. A grant is only ever returned without an error.
func (f *Flow) Redeem(ctx context.Context, r RedeemRequest) (*Grant, error) {
	r.Client = r.Client.normal()
	tx, err := f.open(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := f.agree(ctx, &tx, r); err != nil {
		return nil, err
	}
	if err := f.recheck(ctx, &tx, r.Client, Pending); err != nil {
		return nil, err
	}
	return f.redeemOnce(ctx, &tx, r)
}

// open finds the transaction of a second call and refuses one that has ended
// or belongs to another client.
func (f *Flow) open(ctx context.Context, r RedeemRequest) (Transaction, error) {
	tx, err := f.find(ctx, r.State)
	if errors.Is(err, ErrUnknownState) {
		e := clientEvent(audit.LoginDataUnknown, audit.Refused, r.Client)
		e.UnknownUsername = r.FormUsername
		return tx, f.refuse(ctx, e, ErrUnknownState)
	}
	if err != nil {
		return tx, err
	}
	if rule := tx.mayEnd(Pending); rule != nil {
		return tx, f.refuse(ctx, tx.refused(audit.MFAReplay, string(tx.Phase), r.Client), rule)
	}
	if tx.over(f.now()) {
		return tx, f.expired(ctx, &tx, r.Client, Pending)
	}
	if !tx.boundTo(r.Client) {
		return tx, f.refuse(ctx, tx.refused(audit.LoginDataBinding, "", r.Client), ErrBinding)
	}
	return tx, nil
}

// find looks a state up. The empty one is never known.
func (f *Flow) find(ctx context.Context, state string) (Transaction, error) {
	if state == "" {
		return Transaction{}, ErrUnknownState
	}
	tx, err := f.txs.Find(ctx, KeyOf(state))
	if err != nil {
		return Transaction{}, storeError(err)
	}
	return tx, nil
}

// expired refuses a transaction that ended by time and ends it for good, so
// that no clock set back revives it (threat T124).
func (f *Flow) expired(ctx context.Context, tx *Transaction, c Client, from Phase) error {
	return f.endRefused(ctx, tx, from, tx.refused(audit.LoginDataExpired, "", c), ErrExpired)
}

// endRefused burns, records and refuses. Both are tried whatever becomes of
// the other; a failure of either is [ErrUnavailable].
func (f *Flow) endRefused(ctx context.Context, tx *Transaction, from Phase, e audit.Event, rule error, causes ...error) error {
	if err := errors.Join(f.burn(ctx, tx, from), f.record(ctx, e)); err != nil {
		return err
	}
	return errRefusal(rule, causes...)
}

// agree compares what the second call says with the transaction.
func (f *Flow) agree(ctx context.Context, tx *Transaction, r RedeemRequest) error {
	switch {
	case !tx.names(r.FormUsername):
		return f.miss(ctx, tx, audit.LoginDataUser, "form", r.Client, ErrUserMismatch)
	case !tx.namesOne(r.HeaderUsername):
		return f.miss(ctx, tx, audit.LoginDataUser, "header", r.Client, ErrUserMismatch)
	case !same(string(r.Primary), string(tx.Primary)):
		return f.miss(ctx, tx, audit.LoginDataStatus, "", r.Client, ErrStatusMismatch)
	case !same(r.RedirectURI, tx.RedirectURI):
		return f.miss(ctx, tx, audit.LoginDataRedirect, "", r.Client, ErrRedirectMismatch)
	default:
		return nil
	}
}

// names reports whether name is exactly what was typed at the first call or
// the canonical name (threats T063, T064).
func (t *Transaction) names(name string) bool {
	return same(name, t.Typed) || same(name, t.Username)
}

func (t *Transaction) namesOne(readings []string) bool {
	return slices.ContainsFunc(readings, t.names)
}

// same compares in time independent of the contents; empty is never the same.
func same(got, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

// miss records a wrong field and counts it; the third one burns.
func (f *Flow) miss(ctx context.Context, tx *Transaction, name audit.Name, reason string, c Client, rule error) error {
	if err := f.record(ctx, tx.refused(name, reason, c)); err != nil {
		return err
	}
	burned, carry, err := f.countMiss(ctx, tx)
	if isRule(err) {
		return errRefusal(rule) // it ended meanwhile
	}
	if err != nil {
		return err
	}
	if !burned {
		return errRefusal(rule)
	}
	f.release(ctx, tx.Username, carry)
	return f.refuse(ctx, tx.refused(audit.LoginDataBurned, "misses", c), rule)
}

// recheck refuses when the account was disabled, removed or got another
// password since the first call (threat R38).
func (f *Flow) recheck(ctx context.Context, tx *Transaction, c Client, from Phase) error {
	same, err := f.accounts.Unchanged(ctx, tx.Username, tx.CreatedAt)
	if err != nil {
		return unavailable("directory", err)
	}
	if !same {
		return f.endRefused(ctx, tx, from, tx.refused(audit.MFAAccountChanged, "", c), ErrAccountChanged)
	}
	return nil
}
