// Package sqlite is the embedded store: sessions, pending logins, spent codes,
// known addresses, the local directory, service tokens, sign-in and break-glass
// codes, and the ledger of an engine's sessions, in one SQLite file.
//
// It owns the file: who may open it, how it is made, checked and migrated,
// and that what a call acknowledged is on disk. One goroutine writes, in
// batches that share one commit; several connections read beside it. One
// process at a time holds a file.
//
// Nothing in the file opens anything: ids, states, tokens and codes are there
// as hashes (short codes as keyed ones), usernames of sessions and logins as
// keyed hashes, and every record is sealed with a key kept elsewhere and bound
// to its row, so that a record that was changed, copied or moved is noticed
// when it is read. What cannot be noticed is a whole row, or the whole file,
// put back as it once was: keep the file where only its owner writes.
//
// # Size
//
// Sweeps give room back to the file, not to the disk: the file stays as large
// as what lived at its busiest time (about 600 bytes a session). To make it
// smaller, stop the program and run VACUUM on it with the sqlite3 command.
// The log beside it is folded in whenever it has grown by 4 MB, and when the
// store closes.
package sqlite
