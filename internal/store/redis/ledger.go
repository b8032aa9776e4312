package redis

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"mfaserver/internal/store/record"
	"mfaserver/internal/upstream"
)

// ledger implements [upstream.Ledger].
type ledger struct{ l *link }

var _ upstream.Ledger = (*ledger)(nil)

func (s *ledger) aad(id upstream.ID) []byte {
	return s.l.vault.aad("ledger", hex.EncodeToString(id[:]))
}

// Add implements [upstream.Ledger].
func (s *ledger) Add(ctx context.Context, e upstream.Entry) error {
	_, err := s.l.write(ctx, scriptLedgerAdd, hex.EncodeToString(e.ID[:]), s.l.vault.seal(1, string(record.EncodeEntry(&e)), s.aad(e.ID)))
	return unavailable(upstream.ErrUnavailable, err)
}

// Remove implements [upstream.Ledger].
func (s *ledger) Remove(ctx context.Context, id upstream.ID) (bool, error) {
	reply, err := s.l.write(ctx, scriptLedgerRemove, hex.EncodeToString(id[:]))
	if err != nil {
		return false, unavailable(upstream.ErrUnavailable, err)
	}
	return len(reply) == 1 && reply[0] == "1", nil
}

// List implements [upstream.Ledger]. Records that were tampered with are left
// out and logged: nobody could log such a session out, and the others can be.
func (s *ledger) List(ctx context.Context) ([]upstream.Entry, error) {
	reply, err := s.l.query(ctx, scriptLedgerList)
	if err != nil {
		return nil, unavailable(upstream.ErrUnavailable, err)
	}
	var all []upstream.Entry
	for i := 0; i+1 < len(reply); i += 2 {
		e, err := s.open(reply[i], reply[i+1])
		if err != nil {
			s.l.cfg.Logger.ErrorContext(ctx, "stored ledger entry fails its integrity check", "err", err)
			continue
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b upstream.Entry) int {
		if c := a.OpenedAt.Compare(b.OpenedAt); c != 0 {
			return c
		}
		return bytes.Compare(a.ID[:], b.ID[:])
	})
	return all, nil
}

func (s *ledger) open(name, value string) (upstream.Entry, error) {
	var id upstream.ID
	raw, err := hex.DecodeString(name)
	if err != nil || len(raw) != len(id) {
		return upstream.Entry{}, errRecord
	}
	copy(id[:], raw)
	_, plain, err := s.l.vault.open(value, s.aad(id))
	if err != nil {
		return upstream.Entry{}, err
	}
	e, err := record.DecodeEntry(id, plain)
	if err != nil {
		return upstream.Entry{}, fmt.Errorf("%w: %w", errRecord, err)
	}
	return e, nil
}
