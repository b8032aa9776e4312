// Package sqlite is the embedded store: sessions, pending logins, spent codes,
// known addresses and the local directory in one SQLite file.
//
// It owns the file: who may open it, how it is made, checked and migrated,
// and that what a call acknowledged is on disk. One goroutine writes, in
// batches that share one commit; several connections read beside it. One
// process at a time holds a file.
//
// Nothing in the file opens anything: ids, states and codes are there as
// hashes, usernames of sessions and logins as keyed hashes, and every record
// is sealed with a key kept elsewhere and bound to its row, so that a record
// that was changed, copied or moved is noticed when it is read.
package sqlite
