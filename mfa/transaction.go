package mfa

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"time"

	"mfaserver/duoclient"
)

// Key is how a transaction is stored and found: the SHA-256 of its state.
type Key [sha256.Size]byte

// KeyOf hashes a state.
func KeyOf(state string) Key { return sha256.Sum256([]byte(state)) }

// Handle is a short public name for logs: it opens nothing.
func (k Key) Handle() string { return hex.EncodeToString(k[:6]) }

// Phase of a transaction. Only pending and claimed are live; the others are
// final (threat model: burn).
type Phase string

// The phases.
const (
	Pending  Phase = "pending"
	Claimed  Phase = "claimed"
	Redeemed Phase = "redeemed"
	Denied   Phase = "denied"
	Burned   Phase = "burned"
)

// Live reports whether the transaction can still become a session.
func (p Phase) Live() bool { return p == Pending || p == Claimed }

// PrimaryStatus is how the first factor was accepted. It is opaque here; web
// maps it to Mirth's words.
type PrimaryStatus string

// Carry is what the second call must not lose, sealed by whoever made it (a
// gateway's upstream session). Opaque here.
type Carry []byte

// Client is what is known of the caller of either leg.
type Client struct {
	// Addr is the client's address as far as it can be trusted.
	Addr netip.Addr
	// Forwarded is set when the request shows proxy headers from a peer that
	// is not a trusted proxy: the address then proves nothing (it may be
	// shared by many).
	Forwarded bool
	UserAgent string
	// Binding is the value of the binding cookie; empty when absent or not
	// unique.
	Binding string
	// RequestID ties audit records together.
	RequestID string
}

// Transaction is a login between the first call and redemption. Nonce and
// Carry are secret: stores keep the record sealed.
type Transaction struct {
	Key Key
	// Username is the canonical name; Typed is what was typed at the first
	// call. The second call may use either and nothing else.
	Username string
	Typed    string
	UserID   int
	// DuoUsername is the name Duo knows.
	DuoUsername    string
	Administrator  bool
	Primary        PrimaryStatus
	PrimaryMessage string
	RedirectURI    string
	Nonce          string
	// Secret names the client secret that signed the prompt: no other one
	// redeems its code (threat T040). Zero in records of earlier versions.
	Secret duoclient.SecretID
	// Binding is the SHA-256 of the binding cookie.
	Binding   [sha256.Size]byte
	Addr      netip.Addr
	UserAgent string
	// AddrProvesNothing is [Client.Forwarded] of the first call.
	AddrProvesNothing bool
	// Enrolling allows an answer that enrolled the user.
	Enrolling bool
	Carry     Carry
	CreatedAt time.Time
	ExpiresAt time.Time
	Phase     Phase
	// Misses counts wrong fields at the second call; the third burns.
	Misses int
	// UnsentCode is the SHA-256 of a code that this transaction was claimed
	// for and that certainly never reached Duo; zero when there is none. The
	// code is spent for every other transaction, but this one may try it
	// again.
	UnsentCode [sha256.Size]byte
}

// ExpiredAt reports whether the transaction is over at t: at exactly the
// limit it is.
func (t *Transaction) ExpiredAt(at time.Time) bool { return !at.Before(t.ExpiresAt) }

// Limits on pending transactions (threat T037). Zero values mean no limit.
type Limits struct {
	// PerClient is the most live transactions of one user from one address;
	// the next one replaces that client's oldest pending one.
	PerClient int
	// PerUser is the most live transactions of one user. Reserved of them
	// are kept for known addresses.
	PerUser  int
	Reserved int
	// Total is the most live transactions of all; a tenth of them are kept
	// for known addresses.
	Total int
}

// For returns the limits of one client: what is kept for known addresses (see
// [Sources]) is taken off for the others, and Reserved is then zero.
func (l Limits) For(known bool) Limits {
	if !known {
		l.PerUser -= l.Reserved
		l.Total -= l.Total / reservedShare
	}
	l.Reserved = 0
	return l
}

// reservedShare of all places are kept for known addresses: one in ten.
const reservedShare = 10

// Transactions keeps transactions. Implementations are safe for concurrent
// use and durable, as they promise, when a call returns. They return copies.
// Time is the caller's: a store compares with the times it is given and never
// reads a clock.
type Transactions interface {
	// Insert adds t. l are the limits for this client, see [Limits.For]:
	// stores look at PerClient, PerUser and Total and nothing else. It
	// returns the transactions that were burned to make room, with what they
	// carried; the stored ones keep no carry. Only pending ones of the same
	// Username and Addr are ever replaced, the oldest first, never a claimed
	// one; a replacement takes no new slot, so that PerUser and Total do not
	// apply to it. [ErrTooManyPending] when a limit is reached: nothing is
	// then changed. Only live, unexpired ones at now count.
	Insert(ctx context.Context, t Transaction, l Limits, now time.Time) (replaced []Transaction, err error)
	// Find returns the transaction in any phase, also after its end until it
	// is swept (the caller asks ExpiredAt); [ErrUnknownState].
	Find(ctx context.Context, k Key) (Transaction, error)
	// Update changes one transaction atomically against all other updates in
	// the whole cluster: change sees the stored value and alters Phase,
	// Misses, Carry or UnsentCode. change may run more than once and must
	// have no effects. Its error is returned as it is and nothing is
	// written. It returns what is stored now; [ErrUnknownState].
	Update(ctx context.Context, k Key, change func(*Transaction) error) (Transaction, error)
	// Siblings returns the live transactions, unexpired at now, that share a
	// binding.
	Siblings(ctx context.Context, binding [sha256.Size]byte, now time.Time) ([]Transaction, error)
	// Sweep removes up to limit transactions that expired before the given
	// time, says how many, and returns those that were still live, so that
	// what they carry can be released.
	Sweep(ctx context.Context, expiredBefore time.Time, limit int) (removed int, live []Transaction, err error)
}

// Sources remembers from which addresses a user completed a login.
// Implementations are safe for concurrent use and bounded: they may forget
// early.
type Sources interface {
	// Known reports whether user completed a login from addr that is
	// remembered beyond now.
	Known(ctx context.Context, username string, addr netip.Addr, now time.Time) (bool, error)
	// Remember notes a completed login until the given time; a later time
	// wins over an earlier one.
	Remember(ctx context.Context, username string, addr netip.Addr, until time.Time) error
}

// Codes remembers spent codes for the whole cluster (threat T069).
type Codes interface {
	// Spend notes the hash of a code until the given time and reports
	// whether it was new: never noted, or noted until now or earlier.
	// Atomic: of any number of racers one sees true.
	Spend(ctx context.Context, code [sha256.Size]byte, until, now time.Time) (fresh bool, err error)
}
