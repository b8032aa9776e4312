package mfa

import "time"

// clockAllowance is how far the clocks of two nodes may differ.
const clockAllowance = time.Minute

// over reports whether the transaction has ended by time. One that seems to
// come from the future ended too: the clock was set back, and its age cannot
// be known (threat T124).
func (t *Transaction) over(now time.Time) bool {
	return t.ExpiredAt(now) || now.Before(t.CreatedAt.Add(-clockAllowance))
}
