package mfatest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"mfaserver/mfa"
)

// TestUnfinished checks a store of transactions against the contract of
// [mfa.Unfinished]. newStore returns an empty one.
func TestUnfinished(t *testing.T, newStore func(t *testing.T) mfa.Transactions) {
	t.Helper()
	s := newStore(t)
	u, ok := s.(mfa.Unfinished)
	if !ok {
		t.Fatalf("%T is not Unfinished", s)
	}
	live := func(after mfa.Key, limit int) []mfa.Transaction {
		t.Helper()
		got, err := u.Live(t.Context(), after, limit)
		if err != nil {
			t.Fatalf("Live = %v, want nil", err)
		}
		return got
	}
	if got := live(mfa.Key{}, 10); len(got) != 0 {
		t.Errorf("Live of an empty store = %v, want none", names(got))
	}
	var all []mfa.Transaction
	for n := range 23 {
		tx := at(n, "alice", "192.0.2.1")
		insert(t, s, tx, mfa.Limits{}, start)
		all = append(all, tx)
	}
	for n, p := range map[int]mfa.Phase{0: mfa.Claimed, 1: mfa.Redeemed, 2: mfa.Denied, 3: mfa.Burned} {
		setPhase(t, s, all[n].Key, p)
		all[n].Phase = p
	}
	want := slices.DeleteFunc(slices.Clone(all), func(tx mfa.Transaction) bool { return !tx.Phase.Live() })
	slices.SortFunc(want, func(a, b mfa.Transaction) int { return bytes.Compare(a.Key[:], b.Key[:]) })

	var got []mfa.Transaction
	for after := (mfa.Key{}); ; after = got[len(got)-1].Key {
		page := live(after, 7)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	if len(got) != len(want) {
		t.Fatalf("Live gave %d in pages, want %d", len(got), len(want))
	}
	for n := range got {
		same(t, got[n], want[n])
	}
	got[0].Carry[0] ^= 0xff // a copy
	same(t, live(mfa.Key{}, 1)[0], want[0])

	sweep(t, s, start.Add(time.Hour), 100)
	if got := live(mfa.Key{}, 10); len(got) != 0 {
		t.Errorf("Live after a sweep = %v, want none", names(got))
	}
}
