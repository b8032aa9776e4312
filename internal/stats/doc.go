// Package stats counts what an overview shows: logins by outcome and by factor
// in hours, how long Duo takes to answer in five minutes each, and how many
// users are not enrolled. It lives in memory: the logins come back from the
// audit trail after a restart, the rest begins anew. Nothing in it names a
// person.
package stats
