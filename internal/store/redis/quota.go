package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mfaserver/internal/helpdesk"
)

// quota implements [helpdesk.Quota] for all nodes.
type quota struct {
	l    *link
	what string
}

var _ helpdesk.Quota = quota{}

// Quota returns the counts of a day under a name.
func (s *Store) Quota(what string) helpdesk.Quota { return quota{s.l, what} }

// quotaValue is how the counts of an actor are kept.
type quotaValue struct {
	Version int         `json:"v"`
	Taken   []time.Time `json:"taken"`
}

const quotaVersion = 1

// errOver ends a change that would go over the limit.
var errOver = errors.New("redis: over the limit")

// Take implements [helpdesk.Quota].
func (q quota) Take(ctx context.Context, actor string, n, limit int, now time.Time) (bool, error) {
	err := q.l.hold(ctx, "quota", q.l.vault.hash("quota", q.what, actor), func(old string) (string, time.Duration, error) {
		var v quotaValue
		if old != "" {
			if err := json.Unmarshal([]byte(old), &v); err != nil || v.Version != quotaVersion {
				return "", 0, fault("open quota", fmt.Errorf("%w: quota of version %d", errRecord, v.Version))
			}
		}
		taken, within := helpdesk.TakeWithin(v.Taken, n, limit, now)
		if !within {
			return "", 0, errOver
		}
		text, err := json.Marshal(quotaValue{quotaVersion, taken})
		return string(text), helpdesk.Day, fault("keep quota", err)
	})
	if errors.Is(err, errOver) {
		return false, nil
	}
	return err == nil, err
}
