package mirth

// Status is the outcome of a login (com.mirth.connect.model.LoginStatus.Status).
type Status string

// The statuses an engine knows.
const (
	StatusSuccess             Status = "SUCCESS"
	StatusGracePeriod         Status = "SUCCESS_GRACE_PERIOD"
	StatusFail                Status = "FAIL"
	StatusFailExpired         Status = "FAIL_EXPIRED"
	StatusFailLockedOut       Status = "FAIL_LOCKED_OUT"
	StatusFailVersionMismatch Status = "FAIL_VERSION_MISMATCH"
)

// Known reports whether s is one of the six, compared byte for byte.
func (s Status) Known() bool {
	switch s {
	case StatusSuccess, StatusGracePeriod, StatusFail, StatusFailExpired,
		StatusFailLockedOut, StatusFailVersionMismatch:
		return true
	default:
		return false
	}
}

// Accepted reports whether s means that the password was right and the
// account may go on: exactly SUCCESS or SUCCESS_GRACE_PERIOD.
func (s Status) Accepted() bool { return s == StatusSuccess || s == StatusGracePeriod }
