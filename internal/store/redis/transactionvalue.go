package redis

import (
	"context"
	"fmt"

	"mfaserver/internal/store/record"
	"mfaserver/mfa"
)

// Layout of a login's value, see lua/transaction.lua.
const (
	txPhaseAt  = 1
	txUserAt   = 2
	txSealedAt = txUserAt + 4*hashSize + 64 + hexTimeSize
)

func txPhase(p mfa.Phase) string {
	switch p {
	case mfa.Pending:
		return "p"
	case mfa.Claimed:
		return "c"
	case mfa.Redeemed, mfa.Denied, mfa.Burned:
		return "f"
	default:
		return "f"
	}
}

// txReplaced is the phase of a login that a script burned to make room.
const txReplaced = 'b'

func (v *vault) encodeTransaction(t *mfa.Transaction, version uint64) string {
	client := v.hash("client", t.Username, record.EncodeAddr(t.Addr))
	phase, front := "1"+txPhase(t.Phase), v.user(t.Username)+client+hexKey(t.Binding)+hexTime(t.ExpiresAt)
	return phase + front + v.seal(version, string(record.EncodeTransaction(t)), v.aad("transaction", hexKey(t.Key), front))
}

// decodeTransaction opens a value. The phase in front must be the sealed one,
// unless a script has burned the login since: then it carries nothing.
func (v *vault) decodeTransaction(k mfa.Key, value string) (mfa.Transaction, uint64, error) {
	if len(value) < txSealedAt || value[0] != '1' {
		return mfa.Transaction{}, 0, errRecord
	}
	version, plain, err := v.open(value[txSealedAt:], v.aad("transaction", hexKey(k), value[txUserAt:txSealedAt]))
	if err != nil {
		return mfa.Transaction{}, 0, err
	}
	t, err := record.DecodeTransaction(k, plain)
	if err != nil {
		return mfa.Transaction{}, 0, fmt.Errorf("%w: %w", errRecord, err)
	}
	switch phase := value[txPhaseAt]; {
	case phase == txReplaced:
		t.Phase, t.Carry = mfa.Burned, nil
	case string(phase) != txPhase(t.Phase):
		return mfa.Transaction{}, 0, fmt.Errorf("%w: phase", errRecord)
	}
	return t, version, nil
}

// open decodes a value. One that is not what was written is a failure of the
// store. One that is older than another node or this one has seen was claimed
// or ended before the server lost that: it is burned.
func (s *transactions) open(ctx context.Context, k mfa.Key, value string) (mfa.Transaction, uint64, error) {
	t, version, err := s.l.vault.decodeTransaction(k, value)
	if err != nil {
		s.l.cfg.Logger.ErrorContext(ctx, "stored transaction fails its integrity check", "transaction", k.Handle(), "err", err)
		return mfa.Transaction{}, 0, fault("open transaction", err)
	}
	if s.l.memory.rolledBack("t:"+hexKey(k), version) && t.Phase.Live() {
		s.l.cfg.Logger.ErrorContext(ctx, "redis has lost what became of a login, it is burned", "transaction", k.Handle())
		t.Phase = mfa.Burned
	}
	return t, version, nil
}
