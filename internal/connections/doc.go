// Package connections keeps any one source from having all the connections that
// there is room for (threats T177, T178).
//
// A connection costs a server memory and the work of a handshake, whether it says
// anything or not. So a source, which is an IPv4 address or an IPv6 /64, has a
// certain number at most, and once many are open only those sources get another
// one that have few. Whoever is over his limit is not refused at once: his
// connection waits, which costs a descriptor and nothing else, until one of those
// that are open ends, or until his patience must be over.
package connections
