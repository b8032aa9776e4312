// Package crash holds the crash harness: the real program under a mixed load,
// killed again and again, and asked each time what it still knows (invariants
// I1 to I8 of the threat model, faults R01, R02, R09, R10).
//
// The harness is a test:
//
//	make crash                         200 kills of one node on SQLite, 50 of
//	                                   three on Redis, 1,000 logins across
//	                                   three nodes, the mutants
//	make crash CRASH_KILLS=1000 CRASH_NODE_KILLS=500
//	make crash CRASH_SEED=7            the same decisions again
//	go test ./crash                    a few kills, as CI runs it
//
// It builds the program with the build tag failpoint, starts it on a store of
// its own beside a Duo simulator that is never killed, and plays clients:
// logins in two calls, some of them redeemed by several racers, by a thief
// without the binding cookie, under another's name, or with an older session
// to replace; requests, logouts, replays of redeemed logins, and users
// disabled at the control socket. The clients keep a journal of what was acknowledged.
// The program is killed with SIGKILL at random moments under load, while it
// starts, and exactly at the points of package failpoint; now and then it is
// told to end with SIGTERM. After each restart:
//
//   - every acknowledged session is there, and is its user's;
//   - every acknowledged logout, replacement and revocation holds;
//   - no login gave two sessions, and Duo saw no code twice;
//   - what was cut off is burned or untouched: the same second call once more
//     is refused or succeeds, and a new login succeeds at once;
//   - the audit trail is whole, has every acknowledged start and end, and no
//     session without an allowed login of the same user before it.
//
// Three nodes share a Redis primary with a replica. Beside the nodes, the
// primary is killed and restarted, or the replica promoted in its place; and a
// node is stopped (SIGSTOP) between claim and exchange while the others go on.
// What one node ended the others may believe in for two seconds, no longer.
//
// The mutants show that the harness would notice: each builds the program
// without one check, and the harness must turn red. They are overlays of the
// go command; the tree is not touched.
package crash
