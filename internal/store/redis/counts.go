package redis

import (
	"context"
	"strconv"
	"time"
)

// Counts are how many sessions and pending logins there are at now, of all
// nodes.
func (s *Store) Counts(ctx context.Context, now time.Time) (sessions, pending int, err error) {
	reply, err := s.l.query(ctx, scriptCounts, hexTime(now))
	if err != nil {
		return 0, 0, err
	}
	if len(reply) != 2 {
		return 0, 0, fault("count", errReply)
	}
	if sessions, err = strconv.Atoi(reply[0]); err != nil {
		return 0, 0, fault("count", errReply)
	}
	if pending, err = strconv.Atoi(reply[1]); err != nil {
		return 0, 0, fault("count", errReply)
	}
	return sessions, pending, nil
}
