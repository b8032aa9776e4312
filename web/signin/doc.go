// Package signin checks a password for whoever asks for one: the login API and
// the portal. It is the one place of the HTTP side that does so, and it puts
// every outcome on the audit trail before anybody hears of it.
package signin
