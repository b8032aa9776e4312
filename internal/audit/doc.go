// Package audit keeps the trail of everything that decides who gets in: one
// JSON object on one line for each event, durable before the effect of the
// event is visible to anybody, and hung into a chain that shows every change
// made to it afterwards. It owns the catalogue of event names, the form of a
// line, the files, and what is done with them: verifying, searching, exporting.
//
// # The line
//
// The members of a line, in this order, are v (2), seq, time (RFC 3339, UTC,
// nanoseconds), node, event, outcome, and where there is something to say
// user, unknown_user, unknown_user_bytes, actor, source, user_agent, tx,
// session, request_id, reason, detail (an object of strings) and more_details,
// and at the end prev and mac. A line of version 1 is one from before the chain
// and has neither of these.
//
// Text that came from outside is cut at 256 bytes as written, what a client
// calls itself at 192; what is missing
// is shown at its end as an ellipsis and the number of bytes. Everything that
// does not print is escaped, and so are <, > and &; a byte that is not UTF-8
// shows as the escape \ufffd (threat T191).
//
// # The chain
//
// The member mac is an HMAC-SHA256 over the line up to it, and prev is the mac
// of the line before, over rotations and restarts. The key lies outside the
// folder of the trail. After a thousand records, a minute, and at the end of a
// file there is a record audit.checkpoint, with an Ed25519 signature of the
// sequence and the mac of the record before it; kept on another host, it shows
// later that nobody put another trail in the place of this one. The head, a
// file of fixed size beside the trail, names the last durable record, so that
// one that was cut off is missed (threat T194). Under another key the chain goes
// on behind a record audit.key_changed, the last one of the earlier key, which
// both keys sign (threat T172). [Verify] reads all this.
//
// # The files
//
// The file is opened once, for appending, with mode 0600, and locked against a
// second process. At a size, and when [Trail.Rotate] says so, it is moved away
// under its own name with the sequence of its first record at the end; nothing
// is ever deleted or overwritten (threat T196). A file that something else has
// moved away is followed by [Trail.Reopen].
//
// After a crash in the middle of a line, the torn line is cut off: nobody was
// told that it was written. A last line that is whole but for its line feed
// gets one. A file that cannot be cut (one with the append-only attribute) gets
// a line feed after the torn line, which stays as a line that is no JSON.
// Whatever was done stands in the event audit.torn that follows. What somebody
// else has done to the files, and what a trail finds missing when it is opened,
// stands in audit.disturbed, and the sequence goes on behind the loss.
//
// # The index
//
// An [Index] in a store is told of every record behind the writer, and filled
// up from the files when it missed some. The files are the truth: a [Reader]
// looks up there what an index finds, and does without one.
package audit
