package duty_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mfaserver/internal/alert"
	"mfaserver/internal/audit"
	"mfaserver/internal/audit/audittest"
	"mfaserver/internal/duty"
)

// Fault R33: a duty that hangs raises an alarm that names it, once, and another
// record when it goes on; the duties beside it go on all the while.
func TestHangingDutyIsToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		trail := &audittest.Memory{}
		roll := duty.New(duty.Config{})
		go roll.Watch(ctx, trail)
		free := make(chan struct{})
		var others atomic.Int32
		go roll.Attend(ctx, duty.Duty{Name: "sweeping", Every: 30 * time.Second, Do: func(context.Context) error { <-free; return nil }})
		go roll.Attend(ctx, duty.Duty{Name: "counting", Every: 30 * time.Second, Do: func(context.Context) error { others.Add(1); return nil }})
		time.Sleep(2 * time.Minute)
		if got := trail.Events(); len(got) != 0 {
			t.Errorf("after two minutes: %+v, want nothing yet", got)
		}
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		all := trail.Events()
		if len(all) != 1 || all[0].Name != audit.DutyHangs || all[0].Detail["duty"] != "sweeping" || all[0].Reason != "round_does_not_end" {
			t.Fatalf("recorded %+v, want once that sweeping hangs", all)
		}
		if got := others.Load(); got != 24 {
			t.Errorf("the other duty had %d rounds, want 24", got)
		}
		raised := &audittest.Memory{}
		w, err := alert.New(alert.Config{Recorder: raised, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Send(ctx, []audit.Entry{{Event: all[0], Sequence: 1, Time: time.Now()}}); err != nil {
			t.Fatal(err)
		}
		if got := raised.Events(); len(got) != 1 || got[0].Reason != string(alert.Hanging) || got[0].Detail["subject"] != "sweeping" {
			t.Errorf("raised %+v, want %s about sweeping", got, alert.Hanging)
		}
		close(free)
		time.Sleep(time.Minute)
		synctest.Wait()
		if all = trail.Events(); len(all) != 2 || all[1].Name != audit.DutyResumed {
			t.Errorf("recorded %+v, want that it goes on again", all)
		}
		cancel()
		synctest.Wait()
		if left := roll.States(); len(left) != 0 {
			t.Errorf("on the roll after the end: %+v", left)
		}
	})
}

// Fault R33: also what is never begun again is noticed, and what the trail could
// not take is recorded later.
func TestNoRoundBegins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		trail := &lateTrail{}
		roll := duty.New(duty.Config{})
		entry := roll.Enter("shipping", time.Minute)
		go roll.Watch(ctx, trail)
		entry.Begin()
		entry.End(true)
		time.Sleep(5 * time.Minute)
		trail.works.Store(true)
		time.Sleep(time.Minute)
		synctest.Wait()
		all := trail.Events()
		if len(all) != 1 || all[0].Reason != "no_round_begins" {
			t.Errorf("recorded %+v, want once that no round begins", all)
		}
	})
}

type lateTrail struct {
	audittest.Memory
	works atomic.Bool
}

func (l *lateTrail) Record(ctx context.Context, e audit.Event) error {
	if !l.works.Load() {
		return audit.ErrUnwritten
	}
	return l.Memory.Record(ctx, e)
}

// Threat T184, fault R34: a duty that fails or panics is logged and has its next
// round all the same; the roll says how it went.
func TestDutiesGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &strings.Builder{}
		roll := duty.New(duty.Config{Logger: slog.New(slog.NewTextHandler(log, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		rounds := 0
		began := time.Now()
		go roll.Attend(ctx, duty.Duty{Name: "sweeping", Every: time.Second, AtOnce: true, Do: func(context.Context) error {
			switch rounds++; rounds {
			case 1:
				return errors.New("disk on fire")
			case 2:
				panic("at the disco")
			}
			return nil
		}})
		time.Sleep(10*time.Second + 1)
		synctest.Wait()
		all := roll.States()
		if len(all) != 1 || rounds != 11 {
			t.Fatalf("%d rounds of %+v, want 11", rounds, all)
		}
		if s := all[0]; s.Name != "sweeping" || s.Failures != 2 || s.Running || !s.Succeeded.Equal(began.Add(10*time.Second)) || s.Hangs(time.Now()) {
			t.Errorf("the roll says %+v, want two failures and a success just now", s)
		}
		cancel()
		synctest.Wait()
		for _, want := range []string{"disk on fire", "a duty panicked"} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("the log does not say %q once:\n%s", want, log)
			}
		}
		if strings.Contains(log.String(), "disco") {
			t.Error("the log holds the text of the panic")
		}
	})
}
