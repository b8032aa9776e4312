// Package alert looks through the audit trail for what somebody should look
// at: prompts that were denied, logins that were tried again and again,
// factors that were weakened, records that were tampered with (threat T198).
//
// It reads the trail behind its writer and keeps nothing up. What it finds is a
// record of its own, alert.raised, and goes to a [Notifier] where there is one.
package alert
