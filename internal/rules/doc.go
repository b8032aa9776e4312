// Package rules decides who has to prove a second factor, and how: by a table
// of rules over user, group, network and client, by exemptions that have an
// owner and an end, by the users who may only read, and by the operations
// that need a fresh approval (step-up). It decides and does nothing else: it
// knows no HTTP, no store and no clock.
package rules
