// Package failpoint names the places of the program at which a crash hurts
// most, so that the crash harness can have one exactly there (fault R02).
//
// Without the build tag failpoint, [Hit] is empty and the compiler leaves
// nothing of it. With the tag, the environment variable [Variable] arms
// points:
//
//	MFASERVER_FAILPOINTS=mfa.after_claim=kill@3,session.mid_logout=stop
//
// kill is kill -9 of the own process, stop is SIGSTOP, from which SIGCONT
// wakes it; @3 means the third time the point is reached, without it the first.
// Whatever else the variable holds ends the program at its first point.
package failpoint
