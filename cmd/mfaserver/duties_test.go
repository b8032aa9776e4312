package main_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	main "mfaserver/cmd/mfaserver"
)

// Threat T184, faults R33, R34: a duty that fails or panics is logged and has its
// next round all the same; one that hangs keeps none of the others waiting, and
// ends with the server.
func TestDutiesGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &lockedBuffer{}
		logger := slog.New(slog.NewTextHandler(log, nil))
		ctx, cancel := context.WithCancel(t.Context())
		rounds, hanging := 0, 0
		go main.Attend(ctx, logger, time.Second, func(context.Context) error {
			switch rounds++; rounds {
			case 1:
				return errors.New("disk on fire")
			case 2:
				panic("at the disco")
			}
			return nil
		})
		go main.Attend(ctx, logger, time.Second, func(ctx context.Context) error {
			hanging++
			<-ctx.Done()
			return ctx.Err()
		})
		time.Sleep(10*time.Second + 1)
		synctest.Wait()
		if rounds != 10 || hanging != 1 {
			t.Errorf("%d rounds beside %d of the one that hangs, want 10 and 1", rounds, hanging)
		}
		for _, want := range []string{"disk on fire", "a duty panicked"} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("the log does not say %q once:\n%s", want, log)
			}
		}
		if strings.Contains(log.String(), "disco") {
			t.Error("the log holds the text of the panic")
		}
		cancel()
	})
}
