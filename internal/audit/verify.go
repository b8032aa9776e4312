package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
)

// VerifyConfig says what is verified.
type VerifyConfig struct {
	// Path is that of the trail.
	Path string
	// MAC is the key of the chain; [ErrNoKey] without it.
	MAC MAC
	// Earlier are the keys of before.
	Earlier []MAC
	// First is the first record that has to be there, where older ones were
	// taken away on purpose; 0 means the first of all.
	First uint64
	// Known are checkpoints that were kept on another host: the trail must
	// still have the records that they name.
	Known []Checkpoint
}

// Verify reads a whole trail and says what is wrong with it, and where (threat
// T194). The error is about reading alone: that of a trail which was tampered
// with is [Report.Err]. The trail may be written meanwhile; what is added then
// is not waited for. A trail without any record is whole.
//
// Without checkpoints from another host two things cannot be seen: that a
// folder was replaced, head included, by an older state of itself, and that
// all of it was removed.
func Verify(ctx context.Context, c VerifyConfig) (Report, error) {
	if c.MAC == nil {
		return Report{}, ErrNoKey
	}
	v := &verifier{cfg: c, keys: newKeyring(c.MAC, c.Earlier), marks: map[uint64][]Sum{}}
	v.report.Key = v.keys[0].public()
	if err := v.readHead(); err != nil {
		return Report{}, err
	}
	for i := range c.Known {
		v.marks[c.Known[i].Sequence] = nil
	}
	all, err := segments(c.Path, v.keys)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = closeAll(all) }()
	for i := range all {
		s := &all[i]
		if s.first == 0 && s.path != c.Path {
			v.report.Skipped = append(v.report.Skipped, s.path)
			continue
		}
		v.files = append(v.files, s)
	}
	if err := v.walk(ctx, v.see); err != nil {
		return Report{}, err
	}
	v.finish()
	if err := v.locate(ctx); err != nil {
		return Report{}, err
	}
	return v.report, nil
}

// verifier holds what is known so far.
type verifier struct {
	cfg    VerifyConfig
	keys   keyring
	report Report
	files  []*segment
	// head is what the head names, headErr why it names nothing.
	head    mark
	headBy  *keys
	headErr error
	// marks are the MACs found at sequences that something names.
	marks map[uint64][]Sum

	runs []run
	bad  []bad
	// foreign counts lines that have a MAC of some other key.
	foreign int
	full    bool
}

// place is where a line is.
type place struct{ file, line int }

// run is a series of records as the trail wrote them, one after the other.
type run struct {
	at          place
	first, last uint64
	prev        Sum // of the first
	from, to    Sum // the MACs of first and last
	// by made the first record, maker the last one, and charge is to make the
	// next.
	by, maker, charge *keys
	chained           bool
	// disturbed: its first record is audit.disturbed.
	disturbed bool
}

// bad is a line that is none of the trail's, or several with rising sequences.
type bad struct {
	at place
	// until is the line of the last of them.
	until int
	// from and to are the sequences that they give themselves; 0: none.
	from, to uint64
	length   int
	// before is the number of the run that follows.
	before int
	// torn: it is the beginning of a line, as a crash leaves it where nothing
	// can be cut off.
	torn bool
}

// many is how many runs and bad lines are told apart. A trail that is in more
// pieces is reported as such.
const many = 5000

// readHead comes before the files: what is added meanwhile is not missed.
func (v *verifier) readHead() error {
	f, err := os.OpenFile(v.cfg.Path+headSuffix, os.O_RDONLY|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		v.headErr = errNoHead
		return nil
	}
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	defer func() { _ = f.Close() }()
	v.head, v.headBy, v.headErr = readHeadOf(f, v.keys)
	if v.headErr != nil && !errors.Is(v.headErr, errNoHead) && !errors.Is(v.headErr, errBadHead) {
		return v.headErr
	}
	if v.headErr == nil {
		v.marks[v.head.sequence] = nil
	}
	return nil
}

// walk shows every line of every file to see, until it has enough.
func (v *verifier) walk(ctx context.Context, see func(at place, line []byte)) error {
	for i, s := range v.files {
		if v.full {
			return nil
		}
		at := place{file: i}
		err := s.read(ctx, 0, func(_ int64, line []byte) bool {
			at.line++
			see(at, line)
			return !v.full
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// see puts a line where it belongs.
func (v *verifier) see(at place, line []byte) {
	for len(v.report.Files) <= at.file {
		v.report.Files = append(v.report.Files, FileReport{Path: v.files[len(v.report.Files)].path})
	}
	v.report.Files[at.file].Lines = at.line
	prev, mac, by := v.keys.authentic(line)
	if by == nil {
		v.seeOther(at, line)
		return
	}
	sequence := claimed(line)
	if _, wanted := v.marks[sequence]; wanted {
		v.marks[sequence] = append(v.marks[sequence], mac)
	}
	v.count(at, sequence)
	if n := len(v.runs); n > 0 && !v.interrupted() && v.runs[n-1].followedBy(sequence, prev, by) {
		v.runs[n-1].last, v.runs[n-1].to = sequence, mac
	} else {
		v.begin(run{
			at: at, first: sequence, last: sequence, prev: prev, from: mac, to: mac, by: by, chained: true,
			disturbed: bytes.Contains(line, eventMember(AuditDisturbed)),
		})
	}
	v.seeCheckpoint(at, line, by)
	r := &v.runs[len(v.runs)-1]
	r.maker, r.charge = by, v.seeKeyChange(at, line, by)
}

// followedBy reports whether a record of that sequence goes on where the run
// ends.
func (r *run) followedBy(sequence uint64, prev Sum, by *keys) bool {
	return r.chained && r.last+1 == sequence && r.to == prev && r.charge == by
}

// seeKeyChange checks a change of keys, and says which key is in charge after
// the line.
func (v *verifier) seeKeyChange(at place, line []byte, by *keys) *keys {
	c, e := keyChangeOf(line)
	if c == nil {
		return by
	}
	if !c.signedFor(&e, by) {
		v.fault(Fault{Kind: KeyChangeFault, Sequence: e.Sequence, Text: "it is not signed by both keys for the record before it"}, at)
	}
	v.report.KeyChanges++
	return v.keys.inCharge(line, by)
}

// seeCheckpoint checks a checkpoint.
func (v *verifier) seeCheckpoint(at place, line []byte, by *keys) {
	if !bytes.Contains(line, eventMember(AuditCheckpoint)) {
		return
	}
	e, err := ParseLine(line)
	if err != nil {
		return
	}
	c, err := checkpointOf(&e)
	if err != nil || !c.Signed(by.public()) || c.Sequence+1 != e.Sequence || c.MAC != e.Prev {
		v.fault(Fault{Kind: CheckpointFault, Sequence: e.Sequence, Text: "its signature is not that of the record before it"}, at)
		return
	}
	v.report.Checkpoints++
	v.report.Newest = c
}

// seeOther takes a line that the key did not make: one from before the chain,
// a torn one, or one that does not belong there.
func (v *verifier) seeOther(at place, line []byte) {
	if !bytes.HasSuffix(line, []byte{'\n'}) && len(line) < longest {
		v.report.TornBytes += len(line)
		return
	}
	e, err := ParseLine(line)
	if err == nil && !e.MAC.IsZero() {
		v.foreign++
	}
	n := len(v.runs)
	if err == nil && e.MAC.IsZero() && (n == 0 || !v.runs[n-1].chained) && v.foreign == 0 {
		v.count(at, e.Sequence)
		v.report.Unchained++
		if n > 0 && !v.interrupted() && v.runs[n-1].last+1 == e.Sequence {
			v.runs[n-1].last = e.Sequence
			return
		}
		v.begin(run{at: at, first: e.Sequence, last: e.Sequence})
		return
	}
	claims := claimed(line)
	full := bytes.HasSuffix(line, []byte(lineEnd+"\n")) && !unfinished(line)
	if last := len(v.bad) - 1; last >= 0 && claims != 0 && full {
		if b := &v.bad[last]; b.before == n && b.at.file == at.file && b.until+1 == at.line && b.to+1 == claims {
			b.until, b.to = at.line, claims
			return
		}
	}
	v.bad = append(v.bad, bad{
		at: at, until: at.line, from: claims, to: claims, before: n,
		length: len(bytes.TrimSuffix(line, []byte{'\n'})), torn: !full && looksTorn(line),
	})
	v.full = v.full || len(v.bad) >= many
}

// unfinished reports whether line is the beginning of JSON: one that was cut after
// its detail ends as a whole one does.
func unfinished(line []byte) bool {
	var any json.RawMessage
	return errors.Is(json.NewDecoder(bytes.NewReader(line)).Decode(&any), io.ErrUnexpectedEOF)
}

func (v *verifier) begin(r run) {
	v.runs = append(v.runs, r)
	v.full = v.full || len(v.runs) >= many
}

// interrupted reports whether a bad line came after the last run.
func (v *verifier) interrupted() bool {
	return len(v.bad) > 0 && v.bad[len(v.bad)-1].before == len(v.runs)
}

func (v *verifier) count(at place, sequence uint64) {
	f := &v.report.Files[at.file]
	f.Records++
	if f.First == 0 {
		f.First = sequence
	}
	f.Last = sequence
	v.report.Records++
}

func (v *verifier) fault(f Fault, at place) {
	switch {
	case at.file < len(v.files):
		f.File = v.files[at.file].path
	case f.File == "":
		f.File = v.cfg.Path
	}
	f.Line = at.line
	f.Last = max(f.Last, f.Sequence)
	v.report.Faults = append(v.report.Faults, f)
}

// claimed is the sequence that a line gives itself; 0 when it gives none.
func claimed(line []byte) uint64 {
	for _, begin := range []string{`{"v":2,"seq":`, `{"v":1,"seq":`} {
		rest, ok := bytes.CutPrefix(line, []byte(begin))
		if !ok {
			continue
		}
		digits, _, _ := bytes.Cut(rest, []byte{','})
		n, err := strconv.ParseUint(string(digits), 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	return 0
}

func eventMember(n Name) []byte { return appendMember(nil, "event", string(n)) }
