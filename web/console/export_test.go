package console

import (
	"mfaserver/internal/audit"
	"mfaserver/mfa"
)

// Unexported parsers under test.
var (
	ReadSegment   = readSegment
	FilterSegment = filterSegment
	ReadReason    = readReason
)

// ReadFilter is the filter that parameters ask for.
func ReadFilter(q map[string]string) (audit.Filter, error) { return readFilter(q) }

// ReadKey is the mark of a page of logins under way.
func ReadKey(s string) (mfa.Key, bool) { return readKey(s) }
