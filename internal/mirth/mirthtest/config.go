package mirthtest

import (
	"log/slog"
	"time"
)

const (
	defaultVersion = "4.5.2"
	// defaultKeep is how many received bytes are kept at most.
	defaultKeep = 64 << 20
	// defaultKeepPerRequest is how much of a request's body is kept with it.
	defaultKeepPerRequest = 64 << 10
)

// Config shapes a [Server]. The zero Config is an engine 4.5.2 on a free
// loopback port whose only user is admin with the password admin.
type Config struct {
	// Listen is the address, "127.0.0.1:0" when empty.
	Listen string
	// Hosts are the names and addresses in the certificate: localhost,
	// 127.0.0.1 and ::1 when nil.
	Hosts []string
	// CA signs the certificate; nil makes one up. It survives
	// [Server.Restart].
	CA *CA
	// Plain serves http instead of https.
	Plain bool
	// Version is the engine's version, 4.5.2 when empty. It is also the
	// version that a path may name.
	Version string
	// Users are the accounts; nil means admin with the password admin.
	Users []User
	// Now is the clock; nil means the machine's.
	Now func() time.Time
	// SlowHash is how long a password takes to check.
	SlowHash time.Duration
	// MaxFailures locks an account after that many wrong passwords in a row;
	// 0 means never. The engine tells everybody how many are left.
	MaxFailures int
	// Lockout is how long a locked account stays locked, an hour when zero.
	Lockout time.Duration
	// FoldNames makes usernames case-insensitive, as some databases do.
	// Trailing spaces never matter, as on Derby.
	FoldNames bool
	// BypassPassword lets the user "bypass" in, whoever calls: behind a
	// gateway on the same host everybody is local. Empty means never.
	BypassPassword string
	// Channels are the names of the channels; nil means three.
	Channels []string
	// Keep is how many received bytes are kept, 64 MiB when zero; what comes
	// after is counted only.
	Keep int64
	// Logger hears of every request; nil means nobody does.
	Logger *slog.Logger
}

// User is an account of the engine.
type User struct {
	// ID is made up when 0.
	ID        int
	Name      string
	Password  string
	Email     string
	FirstName string
	LastName  string
	// Grace answers a right password with SUCCESS_GRACE_PERIOD and this
	// message.
	Grace string
	// GraceSince is when the grace period began, zero when it did not.
	GraceSince time.Time
	// Expired answers a right password with FAIL_EXPIRED.
	Expired bool
	// ExtendedLogin answers a right password with the challenge of a second
	// factor of the engine's own.
	ExtendedLogin bool
	// LastLogin is the time of the last login, zero when there was none.
	LastLogin time.Time
}
