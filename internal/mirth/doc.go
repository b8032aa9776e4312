// Package mirth is the wire of Mirth-style integration engines: the login
// statuses, users and small values of their API in XML and JSON, the
// X-Mirth-Login-Data header of the second login call, the Accept negotiation
// and the one way a server URL is normalised.
//
// Writing follows recorded answers of an engine 4.5.2 byte for byte. Reading
// is strict: what the engine would not have written is refused with an error
// that names the rule. Nothing here does I/O or keeps state; all functions
// are safe for concurrent use.
package mirth
