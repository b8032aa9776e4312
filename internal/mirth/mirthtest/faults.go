package mirthtest

import (
	"net/http"
	"time"
)

// Faults are what a [Server] does wrong. The zero Faults is an engine in good
// order.
type Faults struct {
	// Only says which requests suffer; nil means all of them.
	Only func(*http.Request) bool
	// Times is how many requests suffer before the faults end by themselves;
	// 0 means that they do not.
	Times int

	// Login replaces the answer to every login.
	Login *Answer
	// Status answers this status code with an empty body.
	Status int
	// Location answers 302 to there.
	Location string
	// StackTrace answers 500 with a stack trace.
	StackTrace bool
	// Raw answers these bytes and closes the connection.
	Raw []byte
	// Upgrade answers 101 Switching Protocols and echoes what follows.
	Upgrade bool
	// Reset resets the connection once the request was read whole.
	Reset bool
	// ResetEarly resets the connection as soon as the header was read.
	ResetEarly bool

	// Wait passes before anything is answered.
	Wait time.Duration
	// Drip passes after each byte of the body.
	Drip time.Duration
	// CutAfter cuts the connection after that many bytes of the body, which
	// the header promised whole. Negative means after half of them.
	CutAfter int64
	// EarlyHints sends a 103 with headers before the answer.
	EarlyHints bool
	// Header is added to every answer; see [HostileHeader].
	Header http.Header
	// Trailer is sent after every body.
	Trailer http.Header
	// RotateCookie gives a session a new id with every answer.
	RotateCookie bool
	// EchoUser names the session's user in the header X-Echo-User.
	EchoUser bool
	// SwapUser is who users/current says the session is.
	SwapUser string
	// Gzip compresses every body, asked for or not.
	Gzip bool
}

// Answer is one canned answer.
type Answer struct {
	// Name says what is wrong with it.
	Name   string
	Status int
	Header http.Header
	Body   []byte
	// Session adds the cookie of a session that is live, for the user who
	// asked.
	Session bool
	// Close ends the connection after the body, however long it was promised
	// to be.
	Close bool
	// Accepted tells that a careful client takes it for a login.
	Accepted bool
}
