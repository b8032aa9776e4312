// Package audit keeps the trail of everything that decides who gets in: one
// JSON object on one line for each event, durable before the effect of the
// event is visible to anybody. It owns the catalogue of event names, the form
// of a line and the file.
//
// # The line
//
// The members of a line, in this order, are v (1), seq, time (RFC 3339, UTC,
// nanoseconds), node, event, outcome, and where there is something to say
// user, unknown_user, unknown_user_bytes, actor, source, user_agent, tx,
// session, request_id, reason and detail (an object of strings). The name prev
// is reserved for a chain over the lines.
//
// Text that came from outside is cut at 256 bytes as written; what is missing
// is shown at its end as an ellipsis and the number of bytes. Everything that
// does not print is escaped, and so are <, > and &; a byte that is not UTF-8
// shows as the escape \ufffd (threat T191).
//
// # The file
//
// The file is opened once, for appending, with mode 0600, and locked against a
// second process. After a crash in the middle of a line, the torn line is cut
// off: nobody was told that it was written. A last line that is whole but for
// its line feed gets one. A file that cannot be cut (one with the append-only
// attribute) gets a line feed after the torn line, which stays as a line that
// is no JSON. Whatever was done stands in the event audit.torn that follows.
package audit
