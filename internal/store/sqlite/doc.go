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
// Sweeps give room back to the file. When more than a third of it is free, the
// file gives room back to the disk, some 4 MB a second when nobody writes and
// little beside other writes, but keeps 8 MB (about 600 bytes a session). A
// file of more than 64 MB made by a version that could not do that stays as
// large as it is until it is restored from a backup. The log beside it is
// folded in by a goroutine of its own, and grows to some 20 MB while much is
// written.
//
// # Backup and restore
//
// [DB.Backup] copies a store in use. Whatever way a file gets back to where it
// once was, from a backup or from a copy made by hand while the program was
// stopped, is noticed when it opens, and all its sessions, pending logins and
// sign-in codes are then over: some of them ended since. For a copy by hand it
// is the file .generation beside the store that tells; do not restore that
// with it. Users, passwords, service tokens and break-glass codes are as they
// were, so a token revoked or a code used since is to be revoked again.
//
// # Beside the store
//
// -wal and -shm are SQLite's, .lock says who holds the store, .generation is
// told above, .audit is the index of the audit trail, which holds no truth of
// its own: it may be removed while the program is stopped.
package sqlite
