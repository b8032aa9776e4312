// Package model holds the model test of the whole server and nothing else: the
// real rooms, put together in one process, are played random sequences of what
// users, thieves, administrators, Duo, engines, disks and clocks do, and after
// each step the invariants of the threat model have to hold.
package model
