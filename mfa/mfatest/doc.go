// Package mfatest holds what tests around package mfa need: suites that every
// store must pass, and scriptable stand-ins for Duo, the directory, the audit
// trail and the releaser of carries.
package mfatest
