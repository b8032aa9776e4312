package duotest

import "time"

// standing is what Duo thinks of a user before anything is proved.
type standing string

const (
	standingAuth   standing = "auth"
	standingAllow  standing = "allow"
	standingDeny   standing = "deny"
	standingEnroll standing = "enroll"
)

// preauth decides what a user has to do for an integration, and why. The
// caller holds the mutex.
func (s *Server) preauth(a *account, key, name string) (st standing, reason string) {
	if u := a.find(name); u != nil {
		a.unlock(u, s.now())
		switch a.statusOf(u) {
		case StatusBypass:
			return standingAllow, "bypass_user"
		case StatusLocked:
			return standingDeny, "locked_out"
		case StatusActive:
			if a.enrolled(u) {
				return standingAuth, ""
			}
		default:
			return standingDeny, "user_disabled"
		}
	}
	policy := s.config.EnrollPolicy
	if i := a.integrations.get(key); i != nil && i.enrollPolicy != "" {
		policy = EnrollPolicy(i.enrollPolicy)
	}
	switch policy {
	case PolicyAllow:
		return standingAllow, "allow_unenrolled_user"
	case PolicyDeny:
		return standingDeny, "deny_unenrolled_user"
	default:
		return standingEnroll, ""
	}
}

// unlock ends a lockout that has lasted as long as the settings say.
func (a *account) unlock(u *user, now time.Time) {
	minutes, _ := a.settings["lockout_expire_duration"].(int)
	if u.status == StatusLocked && minutes > 0 && !u.lockedAt.IsZero() && !now.Before(u.lockedAt.Add(time.Duration(minutes)*time.Minute)) {
		u.setStatus(StatusActive, now)
	}
}

// failed counts a failure and locks the user out when it was one too many.
func (a *account) failed(u *user, now time.Time) {
	u.failures++
	if threshold, _ := a.settings["lockout_threshold"].(int); threshold > 0 && u.failures >= threshold {
		u.setStatus(StatusLocked, now)
	}
}

// modeFor is the user's own mode or else the server's. The caller holds the
// mutex.
func (s *Server) modeFor(a *account, name string) Mode {
	mode := s.mode
	if u := a.find(name); u != nil && u.auto != "" {
		mode = u.auto
	}
	if _, err := ParseMode(string(mode)); err != nil {
		return Ask
	}
	return mode
}
