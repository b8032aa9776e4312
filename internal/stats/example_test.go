package stats_test

import (
	"context"
	"fmt"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/internal/stats"
)

func ExampleStats_Logins() {
	s := stats.New(nil)
	recorder := s.Watch(trail{}) // in front of the audit trail
	_ = recorder.Record(context.Background(), audit.Event{
		Name: audit.MFAAllowed, Outcome: audit.OK, Detail: map[string]string{"factor": "duo_push"},
	})
	_ = recorder.Record(context.Background(), audit.Event{Name: audit.PrimaryRefused, Outcome: audit.Refused})
	for _, slot := range s.Logins(24*time.Hour, 1) {
		fmt.Println(slot.Outcomes[stats.Allowed], slot.Outcomes[stats.Password], slot.Factors)
	}
	// Output: 1 1 map[duo_push:1]
}
