package mfa_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"time"

	"mfaserver/mfa"
	"mfaserver/mfa/mfatest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	t.Run("transactions", func(t *testing.T) {
		t.Parallel()
		mfatest.TestTransactions(t, func(*testing.T) mfa.Transactions { return mfa.NewMemory() })
	})
	t.Run("unfinished", func(t *testing.T) {
		t.Parallel()
		mfatest.TestUnfinished(t, func(*testing.T) mfa.Transactions { return mfa.NewMemory() })
	})
	t.Run("sources", func(t *testing.T) {
		t.Parallel()
		mfatest.TestSources(t, func(*testing.T) mfa.Sources { return mfa.NewMemory() })
	})
	t.Run("codes", func(t *testing.T) {
		t.Parallel()
		mfatest.TestCodes(t, func(*testing.T) mfa.Codes { return mfa.NewMemory() })
	})
	t.Run("pauses", func(t *testing.T) {
		t.Parallel()
		mfatest.TestPauses(t, func(*testing.T) mfa.Pauses { return mfa.NewPauses() })
	})
}

func number(n int) (b [sha256.Size]byte) {
	binary.BigEndian.PutUint64(b[:], uint64(n))
	return b
}

// Threat T037: memory stays flat. Ended logins make room, live ones do not.
func TestMemoryOfTransactionsIsBounded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills the memory")
	}
	const most = 200_000
	tx := mfa.Transaction{Username: "alice", CreatedAt: epoch, ExpiresAt: epoch.Add(time.Minute), Phase: mfa.Pending}
	m := mfa.NewMemory()
	insert := func(n int, l mfa.Limits) error {
		tx.Key = number(n)
		_, err := m.Insert(t.Context(), tx, l, epoch)
		return err
	}
	for n := range most + 10 {
		if err := insert(n, mfa.Limits{PerClient: 1}); err != nil {
			t.Fatalf("Insert of number %d = %v, want nil", n, err)
		}
	}
	if n, _, err := m.Sweep(t.Context(), epoch.Add(time.Hour), 2*most); n > most+1 || err != nil {
		t.Errorf("%d kept, %v, want about %d", n, err, most)
	}
	for n := range most {
		if err := insert(n, mfa.Limits{}); err != nil {
			t.Fatalf("Insert of number %d = %v, want nil", n, err)
		}
	}
	if err := insert(most, mfa.Limits{}); !errors.Is(err, mfa.ErrTooManyPending) {
		t.Errorf("Insert into a full memory = %v, want ErrTooManyPending", err)
	}
}

// Addresses are forgotten to make room; codes never are.
func TestMemoryOfSourcesAndCodesIsBounded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills the memory")
	}
	m := mfa.NewMemory()
	addr := func(n int) netip.Addr {
		b := number(n)
		return netip.AddrFrom4([4]byte(b[4:8]))
	}
	for n := range 100_001 {
		if err := m.Remember(t.Context(), "alice", addr(n), epoch.Add(time.Duration(n+1)*time.Second)); err != nil {
			t.Fatalf("Remember = %v, want nil", err)
		}
	}
	for n, want := range map[int]bool{0: false, 1: true, 100_000: true} {
		if got, err := m.Known(t.Context(), "alice", addr(n), epoch); got != want || err != nil {
			t.Errorf("Known(number %d) = %t, %v, want %t", n, got, err, want)
		}
	}
	until := epoch.Add(time.Minute)
	for n := range 1_000_000 {
		if fresh, err := m.Spend(t.Context(), number(n), until, epoch); !fresh || err != nil {
			t.Fatalf("Spend(number %d) = %t, %v, want true", n, fresh, err)
		}
	}
	if fresh, err := m.Spend(t.Context(), number(0), until, epoch); fresh || err != nil {
		t.Errorf("Spend again in a full memory = %t, %v, want false", fresh, err)
	}
	if fresh, err := m.Spend(t.Context(), number(1_000_000), until, epoch); fresh || err == nil {
		t.Errorf("Spend in a full memory = %t, %v, want an error", fresh, err)
	}
	if fresh, err := m.Spend(t.Context(), number(1_000_000), until, until); !fresh || err != nil {
		t.Errorf("Spend after all lapsed = %t, %v, want true", fresh, err)
	}
}
