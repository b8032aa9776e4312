package tokentest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mfaserver/internal/token"
)

const lifetime = 2 * time.Minute

// CodeRecord is a live sign-in code of a user, issued at a given time, with
// every field set; n tells them apart.
func CodeRecord(n int, username string, issued time.Time) token.CodeRecord {
	return token.CodeRecord{
		Key: token.Key(sha256.Sum256(fmt.Appendf(nil, "code %d", n))),
		Proof: token.Proof{
			Username: username, Typed: "typed " + username, UserID: 7, Administrator: true, Primary: "GRACE",
			Message: "Your password expires <soon>.", Carry: fmt.Appendf(nil, "carry\x00\xff of %d", n), Factor: "duo_push",
			Reason: "user_approved", Device: "+1 555 0100", TxID: "txid", Transaction: "0a1b2c3d4e5f", At: issued.Add(-time.Second),
		},
		IssuedAt: issued, ExpiresAt: issued.Add(lifetime), State: token.Live, Misses: 2,
	}
}

// TestSignInCodes checks a store against the contract of [token.SignInCodes].
// newStore returns an empty one that the test owns alone; it registers its own
// clean-up with t.
func TestSignInCodes(t *testing.T, newStore func(t *testing.T) token.SignInCodes) {
	t.Helper()
	run(t, newStore, []check[token.SignInCodes]{
		{"round trip", codeRoundTrip},
		{"zero fields", codeZeroFields},
		{"unknown and taken", codeUnknownAndTaken},
		{"copies", codeCopies},
		{"update", codeUpdate},
		{"one use", codeOneUse},
		{"misses are not lost", codeMisses},
		{"limit", codeLimit},
		{"limit counts live ones of the user", codeLimitCounts},
		{"limit under racers", codeLimitRacers},
		{"sweep", codeSweep},
		{"sweep in batches", codeSweepBatches},
		{"one sweep gets it", codeOneSweep},
	})
}

func addCode(t *testing.T, s token.SignInCodes, limit int, all ...token.CodeRecord) {
	t.Helper()
	for _, r := range all {
		works(t, "Insert", s.Insert(t.Context(), r, limit, r.IssuedAt))
	}
}

// read returns a record by an update that changes nothing.
func read(t *testing.T, s token.SignInCodes, k token.Key) (token.CodeRecord, error) {
	t.Helper()
	return s.Update(t.Context(), k, func(*token.CodeRecord) error { return nil })
}

func holdsCode(t *testing.T, s token.SignInCodes, want token.CodeRecord) {
	t.Helper()
	got, err := read(t, s, want.Key)
	same(t, "stored code", got, err, want)
}

func stateOf(t *testing.T, s token.SignInCodes, want token.State, all ...token.CodeRecord) {
	t.Helper()
	for _, r := range all {
		got, err := read(t, s, r.Key)
		if err != nil || got.State != want {
			t.Errorf("code issued at %v is %s, %v, want %s", r.IssuedAt, got.State, err, want)
		}
	}
}

func codeRoundTrip(t *testing.T, s token.SignInCodes) {
	t.Helper()
	a, b := CodeRecord(1, "alice", start), CodeRecord(2, "bob", start)
	addCode(t, s, 0, a, b)
	holdsCode(t, s, a)
	holdsCode(t, s, b)
}

func codeZeroFields(t *testing.T, s token.SignInCodes) {
	t.Helper()
	r := token.CodeRecord{State: token.Live, Proof: token.Proof{Username: "alice"}, ExpiresAt: start}
	addCode(t, s, 0, r)
	holdsCode(t, s, r)
}

func codeUnknownAndTaken(t *testing.T, s token.SignInCodes) {
	t.Helper()
	r := CodeRecord(1, "alice", start)
	addCode(t, s, 0, r)
	_, err := s.Update(t.Context(), CodeRecord(2, "alice", start).Key, func(*token.CodeRecord) error {
		t.Error("change saw a record")
		return nil
	})
	fails(t, "Update of an unknown code", err, token.ErrUnknown)
	again := CodeRecord(1, "mallory", start)
	fails(t, "Insert of a key again", s.Insert(t.Context(), again, 0, start), token.ErrExists)
	holdsCode(t, s, r)
}

func codeCopies(t *testing.T, s token.SignInCodes) {
	t.Helper()
	r := CodeRecord(1, "alice", start)
	addCode(t, s, 0, r)
	r.Proof.Carry[0] = 'X'
	var kept *token.CodeRecord
	got, err := s.Update(t.Context(), r.Key, func(r *token.CodeRecord) error {
		kept = r
		return nil
	})
	works(t, "Update", err)
	got.Proof.Carry[0], kept.Proof.Carry[0] = 'X', 'X'
	holdsCode(t, s, CodeRecord(1, "alice", start))
}

func codeUpdate(t *testing.T, s token.SignInCodes) {
	t.Helper()
	r, other := CodeRecord(1, "alice", start), CodeRecord(2, "alice", start)
	addCode(t, s, 0, r, other)
	errNo := errors.New("no")
	_, err := s.Update(t.Context(), r.Key, func(r *token.CodeRecord) error {
		r.State, r.Proof.Carry[0] = token.Spent, 'X'
		return errNo
	})
	fails(t, "Update refused", err, errNo)
	holdsCode(t, s, r)

	want := r
	want.State, want.Misses, want.Proof.Carry = token.Dead, 5, []byte("other carry")
	got, err := s.Update(t.Context(), r.Key, func(r *token.CodeRecord) error {
		r.State, r.Misses, r.Proof.Carry = token.Dead, 5, []byte("other carry")
		r.Key, r.Proof.Username = token.Key{}, "mallory" // stay as they are
		return nil
	})
	same(t, "Update", got, err, want)
	holdsCode(t, s, want)
	holdsCode(t, s, other)
}

// Threat T069: of any number of racers one has the proof.
func codeOneUse(t *testing.T, s token.SignInCodes) {
	t.Helper()
	r := CodeRecord(1, "alice", start)
	addCode(t, s, 0, r)
	errs := race(func(int) error {
		_, err := s.Update(t.Context(), r.Key, func(r *token.CodeRecord) error {
			if r.State != token.Live {
				return token.ErrSpent
			}
			r.State, r.Proof.Carry = token.Spent, nil
			return nil
		})
		return err
	})
	if n := won(t, errs, token.ErrSpent); n != 1 {
		t.Errorf("%d racers spent the code, want 1", n)
	}
	r.State, r.Proof.Carry = token.Spent, nil
	holdsCode(t, s, r)
}

func codeMisses(t *testing.T, s token.SignInCodes) {
	t.Helper()
	r := CodeRecord(1, "alice", start)
	addCode(t, s, 0, r)
	errs := race(func(int) error {
		_, err := s.Update(t.Context(), r.Key, func(r *token.CodeRecord) error {
			r.Misses++
			return nil
		})
		return err
	})
	won(t, errs, nil)
	r.Misses += Racers
	holdsCode(t, s, r)
}

func codeLimit(t *testing.T, s token.SignInCodes) {
	t.Helper()
	var all []token.CodeRecord
	for n := range 5 {
		// Issued in another order than inserted.
		all = append(all, CodeRecord(n, "alice", start.Add(time.Duration([]int{3, 1, 2, 4, 0}[n])*time.Second)))
	}
	addCode(t, s, 3, all[:3]...)
	stateOf(t, s, token.Live, all[:3]...)
	addCode(t, s, 3, all[3])
	stateOf(t, s, token.Dead, all[1])
	stateOf(t, s, token.Live, all[0], all[2], all[3])
	addCode(t, s, 3, all[4])
	stateOf(t, s, token.Dead, all[1], all[2])
	stateOf(t, s, token.Live, all[0], all[3], all[4]) // never the new one
	dead := all[1]
	dead.State = token.Dead
	holdsCode(t, s, dead) // with its carry
}

func codeLimitCounts(t *testing.T, s token.SignInCodes) {
	t.Helper()
	spent, over, others := CodeRecord(1, "alice", start), CodeRecord(2, "alice", start.Add(-lifetime)), CodeRecord(3, "Alice", start)
	live := CodeRecord(4, "alice", start)
	addCode(t, s, 0, spent, over, others, live)
	_, err := s.Update(t.Context(), spent.Key, func(r *token.CodeRecord) error {
		r.State = token.Spent
		return nil
	})
	works(t, "Update", err)
	addCode(t, s, 2, CodeRecord(5, "alice", start))
	stateOf(t, s, token.Live, over, others, live)
	stateOf(t, s, token.Spent, spent)
	addCode(t, s, 2, CodeRecord(6, "alice", start))
	stateOf(t, s, token.Live, over, others)
	stateOf(t, s, token.Dead, live)
}

func codeLimitRacers(t *testing.T, s token.SignInCodes) {
	t.Helper()
	errs := race(func(i int) error { return s.Insert(t.Context(), CodeRecord(i, "alice", start), 3, start) })
	won(t, errs, nil)
	live := 0
	for i := range Racers {
		if r, err := read(t, s, CodeRecord(i, "alice", start).Key); err == nil && r.State == token.Live {
			live++
		}
	}
	if live != 3 {
		t.Errorf("%d codes live, want 3", live)
	}
}

// sweepSet sweeps and compares, in any order.
func sweepSet(t *testing.T, s token.SignInCodes, now time.Time, want ...token.CodeRecord) {
	t.Helper()
	got, err := s.Sweep(t.Context(), now, 100)
	byKey := func(a, b token.CodeRecord) int { return slices.Compare(a.Key[:], b.Key[:]) }
	slices.SortFunc(got, byKey)
	slices.SortFunc(want, byKey)
	same(t, "Sweep", got, err, want)
}

func codeSweep(t *testing.T, s token.SignInCodes) {
	t.Helper()
	live, spent, dead, young := CodeRecord(1, "alice", start), CodeRecord(2, "alice", start), CodeRecord(3, "alice", start), CodeRecord(4, "bob", start.Add(time.Minute))
	addCode(t, s, 0, live, spent, dead, young)
	for r, state := range map[*token.CodeRecord]token.State{&spent: token.Spent, &dead: token.Dead} {
		r.State = state
		_, err := s.Update(t.Context(), r.Key, func(r *token.CodeRecord) error {
			r.State = state
			return nil
		})
		works(t, "Update", err)
	}
	sweepSet(t, s, start, dead)
	sweepSet(t, s, start.Add(lifetime-time.Nanosecond))
	sweepSet(t, s, start.Add(lifetime), live, spent)
	for _, r := range []token.CodeRecord{live, spent, dead} {
		_, err := read(t, s, r.Key)
		fails(t, "a swept code", err, token.ErrUnknown)
	}
	holdsCode(t, s, young)
}

func codeSweepBatches(t *testing.T, s token.SignInCodes) {
	t.Helper()
	for n := range 150 {
		addCode(t, s, 0, CodeRecord(n, "alice", start))
	}
	for i, want := range []int{100, 50, 0} {
		if got, err := s.Sweep(t.Context(), start.Add(time.Hour), 100); err != nil || len(got) != want {
			t.Errorf("Sweep %d of at most 100 = %d, %v, want %d", i, len(got), err, want)
		}
	}
}

// A carry is released once: of sweeps and uses at the same time one has it.
func codeOneSweep(t *testing.T, s token.SignInCodes) {
	t.Helper()
	const count = 20
	for n := range count {
		addCode(t, s, 0, CodeRecord(n, "alice", start))
	}
	var mu sync.Mutex
	carries := make(map[string]int)
	errs := race(func(i int) error {
		over, err := s.Sweep(t.Context(), start.Add(time.Hour), 3)
		mu.Lock()
		defer mu.Unlock()
		for _, r := range over {
			carries[string(r.Proof.Carry)]++
		}
		return err
	})
	won(t, errs, nil)
	if len(carries) != count {
		t.Errorf("%d carries swept, want %d", len(carries), count)
	}
	for carry, n := range carries {
		if n != 1 {
			t.Errorf("%q was swept %d times", carry, n)
		}
	}
}
