// Package duty does what a server has to do again and again in the background,
// and notices when one of these duties hangs (fault R33): it goes on a roll that
// others read, and an event about it goes into the audit trail.
//
// A duty that hangs keeps none of the others waiting; nothing here ends it.
package duty
