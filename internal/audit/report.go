package audit

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
)

// FaultKind is what happened to a trail, as far as can be told afterwards.
type FaultKind string

// The kinds of faults.
const (
	// Edited: a line is not as it was written.
	Edited FaultKind = "edited"
	// Deleted: records are missing between others.
	Deleted FaultKind = "deleted"
	// Inserted: a line is too many: the trail did not write it, or not there a
	// second time.
	Inserted FaultKind = "inserted"
	// Reordered: records are there, in another place.
	Reordered FaultKind = "reordered"
	// Truncated: records are missing at the end, or were when the trail went on.
	Truncated FaultKind = "truncated"
	// Spliced: records follow that do not belong to those before them,
	// although the same key made them: from another trail, or another copy.
	Spliced FaultKind = "spliced"
	// RotationGap: records are missing where a file ends and another begins,
	// or before the first file.
	RotationGap FaultKind = "rotation gap"
	// HeadFault: the head is missing or damaged, so that records may be
	// missing at the end without being missed.
	HeadFault FaultKind = "head"
	// CheckpointFault: a checkpoint is not signed by the trail's key.
	CheckpointFault FaultKind = "checkpoint"
	// KeyChangeFault: a change of keys is not signed by both.
	KeyChangeFault FaultKind = "key change"
	// KeyFault: the key made no record at all of the trail.
	KeyFault FaultKind = "key"
)

// Fault is one thing that is wrong with a trail.
type Fault struct {
	Kind FaultKind
	// File and Line, which counts from 1, are where it is seen: the line that
	// is wrong; of missing records the line that follows them, or the last one.
	File string
	Line int
	// Sequence is the first record concerned, Last the last one; 0 where that
	// cannot be told.
	Sequence, Last uint64
	// Text says it in words.
	Text string
}

// String is the fault in one line, as a compiler would put it.
func (f Fault) String() string {
	var records string
	switch {
	case f.Sequence == 0:
	case f.Last > f.Sequence:
		records = fmt.Sprintf(" records %d to %d:", f.Sequence, f.Last)
	default:
		records = fmt.Sprintf(" record %d:", f.Sequence)
	}
	return fmt.Sprintf("%s:%d: %s:%s %s", Printable(f.File), f.Line, f.Kind, records, f.Text)
}

// FileReport is what a file of the trail holds.
type FileReport struct {
	Path string
	// First and Last are sequences, Records how many of the trail's records
	// the file has, Lines how many lines.
	First, Last    uint64
	Records, Lines int
}

// Report is what [Verify] found.
type Report struct {
	// Files are in the order of their records; Skipped are files that have
	// the name of one but no record, such as compressed ones.
	Files   []FileReport
	Skipped []string
	// First and Last are the sequences of the first and the last record,
	// Records is how many there are, Unchained how many of them are older than
	// the chain.
	First, Last        uint64
	Records, Unchained int
	// Checkpoints is how many are well signed, Key what they are signed with,
	// Newest the last of them.
	Checkpoints int
	Key         ed25519.PublicKey
	// KeyChanges is how often one key was followed by another. KeyUnused says
	// that the present key is not in charge of the trail yet: it was put into
	// its place and the trail not opened since, or all that it made was cut off.
	KeyChanges int
	KeyUnused  bool
	Newest     Checkpoint
	// TornBytes is the length of lines that are not whole: one that is being
	// written, and those that crashes left. They are no fault: nobody was told
	// that they were written, and no record is missing for them.
	TornBytes int
	// Faults are in the order of the files.
	Faults []Fault
}

// ErrBroken means that a trail is not as it was written.
var ErrBroken = errors.New("audit: trail is not as it was written")

// Err is nil for a trail without faults, else [ErrBroken] with the first ones.
func (r *Report) Err() error {
	if len(r.Faults) == 0 {
		return nil
	}
	const shown = 3
	var texts []string
	for _, f := range r.Faults[:min(len(r.Faults), shown)] {
		texts = append(texts, f.String())
	}
	if more := len(r.Faults) - shown; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("%w: %s", ErrBroken, strings.Join(texts, "; "))
}
