package failpoint

import "slices"

// Variable is the environment variable that arms points.
const Variable = "MFASERVER_FAILPOINTS"

// Point is a place of the program.
type Point string

// The points, in the order in which a login and its logout pass them.
const (
	// BeforeClaim: all of the second call is checked, nothing is claimed.
	BeforeClaim Point = "mfa.before_claim"
	// AfterClaim: the transaction is claimed, its code not yet spent.
	AfterClaim Point = "mfa.after_claim"
	// BeforeDuo: the code is spent, Duo has not seen it.
	BeforeDuo Point = "mfa.before_duo"
	// AfterDuo: Duo has answered, the transaction is still claimed.
	AfterDuo Point = "mfa.after_duo"
	// AfterRedeemed: the transaction has ended well, there is no session yet.
	AfterRedeemed Point = "mfa.after_redeemed"
	// SessionStored: the store has the session, the trail does not.
	SessionStored Point = "session.stored"
	// BeforeResponse: the session is there and recorded, nothing is sent.
	BeforeResponse Point = "web.before_response"
	// MidLogout: the session is deleted, the trail does not have it.
	MidLogout Point = "session.mid_logout"
	// AuditWritten: records are written, not yet synced.
	AuditWritten Point = "audit.written"
	// AuditSynced: records are durable, nobody has been told.
	AuditSynced Point = "audit.synced"
	// BeforeCommit: the store's writes are made, not yet committed.
	BeforeCommit Point = "sqlite.before_commit"
	// AfterCommit: they are committed, nobody has been told.
	AfterCommit Point = "sqlite.after_commit"
	// MidRotation: the trail has a new file, and nothing in it yet.
	MidRotation Point = "audit.mid_rotation"
	// MidFold: some of the store's log is in its file, the log is as long as
	// before.
	MidFold Point = "sqlite.mid_fold"
)

// Points are all points.
func Points() []Point {
	return []Point{
		BeforeClaim, AfterClaim, BeforeDuo, AfterDuo, AfterRedeemed, SessionStored,
		BeforeResponse, MidLogout, AuditWritten, AuditSynced, BeforeCommit, AfterCommit,
		MidRotation, MidFold,
	}
}

// Known reports whether there is such a point.
func Known(p Point) bool { return slices.Contains(Points(), p) }
