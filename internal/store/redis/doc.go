// Package redis is the store for several nodes: sessions, pending logins,
// spent codes, known addresses, the local directory, service tokens, sign-in
// and break-glass codes, and the ledger of an engine's sessions, on a Redis or
// Valkey server (6.2 or later) with replicas. Redis Cluster is refused.
//
// Every change is one script, and so atomic for all nodes. It is acknowledged
// when as many replicas as configured have it. All calls are bounded by two
// seconds; while no primary is there to be believed they fail at once, and
// nothing is let in. A primary that is back, or another one that was promoted,
// is found within a second.
//
// # What a node remembers by itself
//
// Sessions in use are answered from memory while the node hears of every end:
// several times a second it sends itself a message through the server, and
// believes its memory for a second after each that comes back. Ended sessions,
// the times given to DeleteBefore, claims of logins and spent codes are told
// to all nodes and remembered there, so that a replica that lost some of them
// and was promoted all the same does not bring them back (threat T120). What
// is left: a node that was started since then, and a login or session that no
// other protection stops, namely Duo's own one-time code and the nonce.
//
// # What the server sees
//
// Nothing on the server opens anything: names of keys are hashes (of users,
// addresses and short codes keyed ones), and every record is sealed with a key
// kept elsewhere and bound to its name and to what scripts read of it, so that
// a record that was changed, copied or moved is noticed when it is read.
//
// # Running the server
//
// The server needs maxmemory-policy noeviction, which is checked, and should
// have appendonly yes: without it a restart ends every session and loses the
// directory. appendfsync everysec survives a kill of the server, always also a
// loss of power. min-replicas-to-write as configured here keeps a primary that
// was cut off from taking writes at all. The ACL user needs what [ACL] says,
// and no more.
package redis
