// Package upstream owns the sessions that this server opens at the engine
// behind it. A password is checked by logging in to the engine, and that opens
// a privileged session there before the second factor is proved (threat T013).
// So every session is noted in a durable [Ledger] before anybody hears of it,
// travels sealed (a carry) through the login, leaves the ledger only when a
// session of ours holds it, and is logged out at the engine as soon as it
// serves nobody: after a refusal, an expiry, a logout, or a crash.
package upstream
