package mfatest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/mfa"
)

// Racers is how many goroutines the suites let loose on one record.
const Racers = 100

// start is the suites' clock: stores must go by the times they are given.
var start = time.Date(2031, time.March, 4, 5, 6, 7, 0, time.UTC)

// suite is one part under way.
type suite struct {
	t *testing.T
	s mfa.Transactions
}

// TestTransactions checks a store against the contract of [mfa.Transactions].
// newStore returns an empty one; it is called for each part.
func TestTransactions(t *testing.T, newStore func(t *testing.T) mfa.Transactions) {
	t.Helper()
	parts := []struct {
		name string
		run  func(suite)
	}{
		{"round trip", suite.roundTrip},
		{"unknown state", suite.unknown},
		{"copies", suite.copies},
		{"update", suite.update},
		{"update refused", suite.updateRefused},
		{"claim once", suite.claimOnce},
		{"misses are not lost", suite.concurrentMisses},
		{"per client", suite.perClient},
		{"per client, claimed ones stay", suite.perClientClaimed},
		{"per client, all claimed", suite.perClientAllClaimed},
		{"per client takes no new slot", suite.perClientNoNewSlot},
		{"per user", suite.perUser},
		{"reserved is not the store's", suite.reserved},
		{"total", suite.total},
		{"no limits", suite.noLimits},
		{"only live ones count", suite.onlyLiveCount},
		{"expired ones do not count", suite.expiredDoNotCount},
		{"limit under racers", suite.limitRacers},
		{"siblings", suite.siblings},
		{"sweep", suite.sweep},
		{"sweep in batches", suite.sweepBatches},
	}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.run(suite{t, newStore(t)})
		})
	}
}

// Transaction is a pending transaction with every field set; n tells them
// apart. It lives for ten minutes from the given time.
func Transaction(n int, created time.Time) mfa.Transaction {
	return mfa.Transaction{
		Key:               mfa.KeyOf(fmt.Sprintf("state %d", n)),
		Username:          "alice",
		Typed:             "Alice",
		UserID:            7,
		DuoUsername:       "alice@duo",
		Administrator:     true,
		Primary:           "GRACE",
		PrimaryMessage:    "Your password expires <soon>.",
		RedirectURI:       "https://mirth.example.org:8443/api/4.5.2/extensions/mfa/duocallback",
		Nonce:             fmt.Sprintf("nonce-%d", n),
		Secret:            duoclient.SecretID{1, 2, byte(n)},
		Binding:           sha256.Sum256(fmt.Appendf(nil, "binding %d", n)),
		Addr:              netip.MustParseAddr("203.0.113.7"),
		UserAgent:         "agent/1.0 (é)",
		AddrProvesNothing: true,
		Enrolling:         true,
		Carry:             mfa.Carry{0, 1, 2, byte(n)},
		CreatedAt:         created,
		ExpiresAt:         created.Add(10 * time.Minute),
		Phase:             mfa.Pending,
	}
}

func (c suite) roundTrip() {
	t, s := c.t, c.s
	want := Transaction(1, start)
	insert(t, s, want, mfa.Limits{}, start)
	same(t, find(t, s, want.Key), want)

	bare := mfa.Transaction{
		Key: mfa.KeyOf("bare"), Username: "b", Typed: "b", Primary: "S", RedirectURI: "https://x", Nonce: "n",
		Addr: netip.MustParseAddr("2001:db8::1"), CreatedAt: start, ExpiresAt: start.Add(time.Minute), Phase: mfa.Pending,
	}
	insert(t, s, bare, mfa.Limits{}, start)
	same(t, find(t, s, bare.Key), bare)

	noAddr := Transaction(2, start)
	noAddr.Addr = netip.Addr{}
	insert(t, s, noAddr, mfa.Limits{}, start)
	same(t, find(t, s, noAddr.Key), noAddr)

	again := Transaction(1, start)
	again.Username = "mallory"
	if _, err := s.Insert(t.Context(), again, mfa.Limits{}, start); err == nil {
		t.Error("Insert of a key that exists = nil, want an error")
	}
	same(t, find(t, s, want.Key), want)
}

func (c suite) unknown() {
	t, s := c.t, c.s
	k := mfa.KeyOf("nobody")
	if _, err := s.Find(t.Context(), k); !errors.Is(err, mfa.ErrUnknownState) {
		t.Errorf("Find(unknown) = %v, want ErrUnknownState", err)
	}
	_, err := s.Update(t.Context(), k, func(*mfa.Transaction) error {
		t.Error("change was called for an unknown state")
		return nil
	})
	if !errors.Is(err, mfa.ErrUnknownState) {
		t.Errorf("Update(unknown) = %v, want ErrUnknownState", err)
	}
}

func (c suite) copies() {
	t, s := c.t, c.s
	want := Transaction(1, start)
	given := Transaction(1, start)
	insert(t, s, given, mfa.Limits{}, start)
	given.Carry[0] = 99
	got := find(t, s, want.Key)
	got.Carry[0] = 99
	siblings, err := s.Siblings(t.Context(), want.Binding, start)
	if err != nil || len(siblings) != 1 {
		t.Fatalf("Siblings = %d, %v, want 1, nil", len(siblings), err)
	}
	siblings[0].Carry[0] = 99
	updated, err := s.Update(t.Context(), want.Key, func(*mfa.Transaction) error { return nil })
	if err != nil {
		t.Fatalf("Update = %v, want nil", err)
	}
	updated.Carry[0] = 99
	same(t, find(t, s, want.Key), want)
}

func (c suite) update() {
	t, s := c.t, c.s
	want := Transaction(1, start)
	insert(t, s, want, mfa.Limits{}, start)
	want.Phase, want.Misses, want.Carry, want.UnsentCode = mfa.Claimed, 2, nil, sha256.Sum256([]byte("code"))
	got, err := s.Update(t.Context(), want.Key, func(tx *mfa.Transaction) error {
		if tx.Phase != mfa.Pending || len(tx.Carry) != 4 {
			t.Errorf("change sees phase %q and carry %v, want what was inserted", tx.Phase, tx.Carry)
		}
		tx.Phase, tx.Misses, tx.Carry, tx.UnsentCode = want.Phase, want.Misses, want.Carry, want.UnsentCode
		return nil
	})
	if err != nil {
		t.Fatalf("Update = %v, want nil", err)
	}
	same(t, got, want)
	same(t, find(t, s, want.Key), want)
	for _, p := range []mfa.Phase{mfa.Pending, mfa.Redeemed} {
		setPhase(t, s, want.Key, p)
		want.Phase = p
		same(t, find(t, s, want.Key), want)
	}
}

func (c suite) updateRefused() {
	t, s := c.t, c.s
	want := Transaction(1, start)
	insert(t, s, want, mfa.Limits{}, start)
	rule := errors.New("a rule of the caller")
	_, err := s.Update(t.Context(), want.Key, func(tx *mfa.Transaction) error {
		tx.Phase, tx.Misses, tx.Carry = mfa.Burned, 9, nil
		return rule
	})
	if !errors.Is(err, rule) {
		t.Errorf("Update = %v, want the error of change", err)
	}
	same(t, find(t, s, want.Key), want)
}

// Threat T070: any number of racers, one claim.
func (c suite) claimOnce() {
	t, s := c.t, c.s
	tx := Transaction(1, start)
	insert(t, s, tx, mfa.Limits{}, start)
	errTaken := errors.New("taken")
	results := race(func() error {
		_, err := s.Update(context.WithoutCancel(t.Context()), tx.Key, func(tx *mfa.Transaction) error {
			if tx.Phase != mfa.Pending {
				return errTaken
			}
			tx.Phase = mfa.Claimed
			return nil
		})
		return err
	})
	won := 0
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, errTaken):
			t.Errorf("Update = %v, want nil or the error of change", err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d racers claimed, want 1", won, Racers)
	}
}

func (c suite) concurrentMisses() {
	t, s := c.t, c.s
	tx := Transaction(1, start)
	insert(t, s, tx, mfa.Limits{}, start)
	for _, err := range race(func() error {
		_, err := s.Update(t.Context(), tx.Key, func(tx *mfa.Transaction) error { tx.Misses++; return nil })
		return err
	}) {
		if err != nil {
			t.Errorf("Update = %v, want nil", err)
		}
	}
	if got := find(t, s, tx.Key).Misses; got != Racers {
		t.Errorf("Misses = %d, want %d", got, Racers)
	}
}

// race runs f in many goroutines at once and returns what each got.
func race(f func() error) []error {
	results := make([]error, Racers)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			<-gate
			results[i] = f()
		})
	}
	close(gate)
	wg.Wait()
	return results
}

func insert(t *testing.T, s mfa.Transactions, tx mfa.Transaction, l mfa.Limits, now time.Time) []mfa.Transaction {
	t.Helper()
	replaced, err := s.Insert(t.Context(), tx, l, now)
	if err != nil {
		t.Fatalf("Insert = %v, want nil", err)
	}
	return replaced
}

func refused(t *testing.T, s mfa.Transactions, tx mfa.Transaction, l mfa.Limits, now time.Time) {
	t.Helper()
	if _, err := s.Insert(t.Context(), tx, l, now); !errors.Is(err, mfa.ErrTooManyPending) {
		t.Fatalf("Insert over the limit = %v, want ErrTooManyPending", err)
	}
	if _, err := s.Find(t.Context(), tx.Key); !errors.Is(err, mfa.ErrUnknownState) {
		t.Fatalf("Find of what was refused = %v, want ErrUnknownState", err)
	}
}

func find(t *testing.T, s mfa.Transactions, k mfa.Key) mfa.Transaction {
	t.Helper()
	tx, err := s.Find(t.Context(), k)
	if err != nil {
		t.Fatalf("Find = %v, want nil", err)
	}
	return tx
}

func setPhase(t *testing.T, s mfa.Transactions, k mfa.Key, p mfa.Phase) {
	t.Helper()
	if _, err := s.Update(t.Context(), k, func(tx *mfa.Transaction) error { tx.Phase = p; return nil }); err != nil {
		t.Fatalf("Update = %v, want nil", err)
	}
}

// same compares transactions; an empty carry is the same as none, and times
// are the same at the same instant.
func same(t *testing.T, got, want mfa.Transaction) {
	t.Helper()
	if !bytes.Equal(got.Carry, want.Carry) || !got.CreatedAt.Equal(want.CreatedAt) || !got.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("transaction carries %v from %v to %v, want %v from %v to %v",
			got.Carry, got.CreatedAt, got.ExpiresAt, want.Carry, want.CreatedAt, want.ExpiresAt)
	}
	got.Carry, got.CreatedAt, got.ExpiresAt = nil, time.Time{}, time.Time{}
	want.Carry, want.CreatedAt, want.ExpiresAt = nil, time.Time{}, time.Time{}
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("transaction is\n%s\nwant\n%s", g, w)
	}
}

func keys(txs []mfa.Transaction) []mfa.Key {
	list := make([]mfa.Key, len(txs))
	for i := range txs {
		list[i] = txs[i].Key
	}
	slices.SortFunc(list, func(a, b mfa.Key) int { return bytes.Compare(a[:], b[:]) })
	return list
}

func wantKeys(t *testing.T, what string, got []mfa.Transaction, want ...mfa.Transaction) {
	t.Helper()
	if !slices.Equal(keys(got), keys(want)) {
		t.Errorf("%s are %d transactions (%v), want %d others (%v)", what, len(got), names(got), len(want), names(want))
	}
}

func names(txs []mfa.Transaction) (list []string) {
	for i := range txs {
		list = append(list, txs[i].Nonce)
	}
	return list
}
