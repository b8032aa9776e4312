package duotest

import "time"

// maxSeconds is the longest valid_secs.
const maxSeconds = 10 * 365 * 24 * 60 * 60

// activation is an open invitation to activate a phone.
type activation struct {
	code, phoneID, userID string
	expires               time.Time
}
