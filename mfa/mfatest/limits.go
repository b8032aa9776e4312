package mfatest

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"mfaserver/mfa"
)

// at places a transaction of a user at an address, n seconds after the start.
func at(n int, username, addr string) mfa.Transaction {
	tx := Transaction(n, start.Add(time.Duration(n)*time.Second))
	tx.Username = username
	tx.Addr = netip.MustParseAddr(addr)
	return tx
}

// Threat T037: the sixth replaces the client's own oldest one.
func (c suite) perClient() {
	t, s := c.t, c.s
	l := mfa.Limits{PerClient: 2, PerUser: 10, Total: 10}
	other, mine, second, third := at(1, "alice", "198.51.100.1"), at(2, "alice", "192.0.2.1"), at(3, "alice", "192.0.2.1"), at(4, "alice", "192.0.2.1")
	bob := at(5, "bob", "192.0.2.1")
	for _, tx := range []mfa.Transaction{bob, other, mine, second} {
		if got := insert(t, s, tx, l, tx.CreatedAt); len(got) != 0 {
			t.Fatalf("Insert under the limit replaced %v", names(got))
		}
	}
	replaced := insert(t, s, third, l, third.CreatedAt)
	wantKeys(t, "replaced", replaced, mine)
	if len(replaced) == 1 {
		want := mine
		want.Phase = mfa.Burned
		same(t, replaced[0], want)
	}
	stored := find(t, s, mine.Key)
	if stored.Phase != mfa.Burned || len(stored.Carry) != 0 {
		t.Errorf("the replaced one is stored as %s with carry %v, want burned with none", stored.Phase, stored.Carry)
	}
	for _, tx := range []mfa.Transaction{bob, other, second, third} {
		same(t, find(t, s, tx.Key), tx)
	}
}

func (c suite) perClientClaimed() {
	t, s := c.t, c.s
	l := mfa.Limits{PerClient: 2}
	first, second, third := at(1, "alice", "192.0.2.1"), at(2, "alice", "192.0.2.1"), at(3, "alice", "192.0.2.1")
	insert(t, s, first, l, start)
	insert(t, s, second, l, start)
	setPhase(t, s, first.Key, mfa.Claimed)
	wantKeys(t, "replaced", insert(t, s, third, l, start), second)
	if got := find(t, s, first.Key).Phase; got != mfa.Claimed {
		t.Errorf("the claimed one is %s, want claimed", got)
	}
}

func (c suite) perClientAllClaimed() {
	t, s := c.t, c.s
	l := mfa.Limits{PerClient: 2}
	for n := range 2 {
		tx := at(n, "alice", "192.0.2.1")
		insert(t, s, tx, l, start)
		setPhase(t, s, tx.Key, mfa.Claimed)
	}
	refused(t, s, at(3, "alice", "192.0.2.1"), l, start)
	insert(t, s, at(4, "alice", "192.0.2.2"), l, start)
}

func (c suite) perClientNoNewSlot() {
	t, s := c.t, c.s
	l := mfa.Limits{PerClient: 1, PerUser: 2, Total: 2}
	first, second := at(1, "alice", "192.0.2.1"), at(2, "alice", "192.0.2.2")
	insert(t, s, first, l, start)
	insert(t, s, second, l, start)
	third := at(3, "alice", "192.0.2.1")
	wantKeys(t, "replaced", insert(t, s, third, l, start), first)
	refused(t, s, at(4, "alice", "192.0.2.3"), l, start)
	insert(t, s, at(5, "alice", "192.0.2.2"), l, start)
}

// Threat T037: over the limit the new one is refused and nobody else's ends.
func (c suite) perUser() {
	t, s := c.t, c.s
	l := mfa.Limits{PerClient: 2, PerUser: 3}
	list := []mfa.Transaction{at(1, "alice", "192.0.2.1"), at(2, "alice", "192.0.2.2"), at(3, "alice", "192.0.2.3")}
	for _, tx := range list {
		insert(t, s, tx, l, start)
	}
	refused(t, s, at(4, "alice", "192.0.2.4"), l, start)
	refused(t, s, at(5, "alice", "192.0.2.1"), l, start)
	for _, tx := range list {
		same(t, find(t, s, tx.Key), tx)
	}
	insert(t, s, at(6, "bob", "192.0.2.4"), l, start)
}

func (c suite) reserved() {
	t, s := c.t, c.s
	l := mfa.Limits{PerUser: 2, Reserved: 1}
	insert(t, s, at(1, "alice", "192.0.2.1"), l, start)
	insert(t, s, at(2, "alice", "192.0.2.2"), l, start)
	refused(t, s, at(3, "alice", "192.0.2.3"), l, start)
}

func (c suite) total() {
	t, s := c.t, c.s
	l := mfa.Limits{PerClient: 5, PerUser: 5, Total: 3}
	insert(t, s, at(1, "alice", "192.0.2.1"), l, start)
	insert(t, s, at(2, "bob", "192.0.2.1"), l, start)
	insert(t, s, at(3, "carol", "192.0.2.1"), l, start)
	refused(t, s, at(4, "dave", "192.0.2.1"), l, start)
	refused(t, s, at(5, "alice", "192.0.2.1"), l, start)
}

func (c suite) noLimits() {
	t, s := c.t, c.s
	for n := range 50 {
		if got := insert(t, s, at(n, "alice", "192.0.2.1"), mfa.Limits{}, start); len(got) != 0 {
			t.Fatalf("Insert without limits replaced %v", names(got))
		}
	}
}

func (c suite) onlyLiveCount() {
	t, s := c.t, c.s
	for n, phase := range []mfa.Phase{mfa.Redeemed, mfa.Denied, mfa.Burned} {
		l := mfa.Limits{PerClient: 1, PerUser: 1, Total: 1}
		tx := at(n, "alice", "192.0.2.1")
		if got := insert(t, s, tx, l, start); len(got) != 0 {
			t.Errorf("Insert replaced %v, want none: the earlier ones ended", names(got))
		}
		setPhase(t, s, tx.Key, phase)
	}
	l := mfa.Limits{PerUser: 1, Total: 1}
	claimed := at(8, "alice", "192.0.2.2")
	insert(t, s, claimed, l, start)
	setPhase(t, s, claimed.Key, mfa.Claimed)
	refused(t, s, at(9, "alice", "192.0.2.3"), l, start)
	setPhase(t, s, claimed.Key, mfa.Pending)
	refused(t, s, at(10, "alice", "192.0.2.3"), l, start)
}

// Threat T038: at exactly the limit a transaction is over, by the caller's
// clock.
func (c suite) expiredDoNotCount() {
	t, s := c.t, c.s
	l := mfa.Limits{PerClient: 1, PerUser: 1, Total: 1}
	old := at(0, "alice", "192.0.2.1")
	insert(t, s, old, l, old.CreatedAt)
	other := at(1, "alice", "192.0.2.2")
	refused(t, s, other, l, old.ExpiresAt.Add(-time.Millisecond))
	if got := insert(t, s, other, l, old.ExpiresAt); len(got) != 0 {
		t.Errorf("Insert replaced %v, want none: the earlier one is over", names(got))
	}
	got := find(t, s, old.Key)
	if !got.ExpiredAt(old.ExpiresAt) || got.Phase != mfa.Pending {
		t.Errorf("the one that is over is stored as %s, want pending and expired", got.Phase)
	}
}

func (c suite) limitRacers() {
	t, s := c.t, c.s
	l := mfa.Limits{PerUser: 7}
	numbers := make(chan int, Racers)
	for n := range Racers {
		numbers <- n
	}
	in := 0
	for _, err := range race(func() error {
		n := <-numbers
		_, err := s.Insert(t.Context(), at(n, "alice", "192.0.2.1"), l, start)
		return err
	}) {
		switch {
		case err == nil:
			in++
		case !errors.Is(err, mfa.ErrTooManyPending):
			t.Errorf("Insert = %v, want nil or ErrTooManyPending", err)
		}
	}
	if in != l.PerUser {
		t.Errorf("%d racers came in, want %d", in, l.PerUser)
	}
}

func (c suite) siblings() {
	t, s := c.t, c.s
	list := make([]mfa.Transaction, 6)
	for n := range list {
		list[n] = at(n, "alice", "192.0.2.1")
		list[n].Binding = list[0].Binding
	}
	list[5].Binding = Transaction(5, start).Binding
	for _, tx := range list {
		insert(t, s, tx, mfa.Limits{}, start)
	}
	setPhase(t, s, list[1].Key, mfa.Claimed)
	setPhase(t, s, list[2].Key, mfa.Redeemed)
	setPhase(t, s, list[3].Key, mfa.Denied)
	siblings := func(now time.Time) []mfa.Transaction {
		got, err := s.Siblings(t.Context(), list[0].Binding, now)
		if err != nil {
			t.Fatalf("Siblings = %v, want nil", err)
		}
		return got
	}
	wantKeys(t, "siblings", siblings(start), list[0], list[1], list[4])
	wantKeys(t, "siblings, the first over", siblings(list[0].ExpiresAt), list[1], list[4])
	wantKeys(t, "siblings, all over", siblings(list[5].ExpiresAt))
}

func (c suite) sweep() {
	t, s := c.t, c.s
	pending, claimed, redeemed, young := at(1, "alice", "192.0.2.1"), at(2, "alice", "192.0.2.1"), at(3, "alice", "192.0.2.1"), at(9, "alice", "192.0.2.1")
	for _, tx := range []mfa.Transaction{pending, claimed, redeemed, young} {
		insert(t, s, tx, mfa.Limits{}, start)
	}
	setPhase(t, s, claimed.Key, mfa.Claimed)
	setPhase(t, s, redeemed.Key, mfa.Redeemed)

	if n, live := sweep(t, s, start, 10); n != 0 || len(live) != 0 {
		t.Errorf("Sweep before anything ended = %d, %v, want nothing", n, names(live))
	}
	n, live := sweep(t, s, young.ExpiresAt.Add(-time.Second), 10)
	if n != 3 {
		t.Errorf("Sweep removed %d, want 3", n)
	}
	wantKeys(t, "swept live ones", live, pending, claimed)
	for i := range live {
		if len(live[i].Carry) == 0 {
			t.Error("a swept live transaction lost its carry")
		}
	}
	for _, tx := range []mfa.Transaction{pending, claimed, redeemed} {
		if _, err := s.Find(t.Context(), tx.Key); !errors.Is(err, mfa.ErrUnknownState) {
			t.Errorf("Find of a swept one = %v, want ErrUnknownState", err)
		}
	}
	same(t, find(t, s, young.Key), young)
	siblings, err := s.Siblings(t.Context(), pending.Binding, start)
	if err != nil || len(siblings) != 0 {
		t.Errorf("Siblings of a swept one = %v, %v, want none", names(siblings), err)
	}
}

func (c suite) sweepBatches() {
	t, s := c.t, c.s
	for n := range 25 {
		insert(t, s, at(n, "alice", "192.0.2.1"), mfa.Limits{}, start)
	}
	var removed []int
	for range 4 {
		n, live := sweep(t, s, start.Add(time.Hour), 10)
		if n != len(live) {
			t.Errorf("Sweep removed %d and returned %d live ones, want as many", n, len(live))
		}
		removed = append(removed, n)
	}
	if removed[0] != 10 || removed[1] != 10 || removed[2] != 5 || removed[3] != 0 {
		t.Errorf("Sweeps of 10 removed %v, want 10, 10, 5, 0", removed)
	}
}

func sweep(t *testing.T, s mfa.Transactions, before time.Time, limit int) (int, []mfa.Transaction) {
	t.Helper()
	n, live, err := s.Sweep(t.Context(), before, limit)
	if err != nil {
		t.Fatalf("Sweep = %v, want nil", err)
	}
	return n, live
}
