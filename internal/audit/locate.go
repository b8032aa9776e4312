package audit

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
)

// finish says what needs no comparing of runs.
func (v *verifier) finish() {
	chained := slices.ContainsFunc(v.runs, func(r run) bool { return r.chained })
	switch {
	case !chained && v.foreign > 0:
		v.fault(Fault{Kind: KeyFault, Text: "no record was made with this key"}, place{0, 1})
	case chained && v.headErr != nil:
		v.fault(Fault{Kind: HeadFault, File: v.cfg.Path + headSuffix, Text: v.headErr.Error()}, place{len(v.files), 0})
	}
	if v.full {
		v.fault(Fault{Kind: Edited, Text: "the trail is in too many pieces to go on"}, place{len(v.report.Files) - 1, v.report.Files[len(v.report.Files)-1].Lines})
	}
}

// locate compares the runs and says what is wrong between them.
func (v *verifier) locate(ctx context.Context) error {
	inPlace := v.inPlace()
	if len(inPlace) > 0 {
		last := &v.runs[inPlace[len(inPlace)-1]]
		v.report.First, v.report.Last = v.runs[inPlace[0]].first, last.last
		if err := v.compareKeys(last); err != nil {
			return err
		}
	}
	var astray []int
	for i := range v.runs {
		if !slices.Contains(inPlace, i) {
			astray = append(astray, i)
		}
	}
	found, err := v.lookUp(ctx, v.doubtful(inPlace, astray))
	if err != nil {
		return err
	}
	v.begins(inPlace, &astray)
	for n := 1; n < len(inPlace); n++ {
		v.between(inPlace[n-1], inPlace[n], &astray, found)
	}
	v.ends(inPlace, &astray)
	for _, i := range astray {
		v.stray(&v.runs[i], found[v.runs[i].first])
	}
	v.checkMarks()
	slices.SortStableFunc(v.report.Faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(v.order(a.File), v.order(b.File)), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Sequence, b.Sequence))
	})
	return nil
}

// compareKeys compares the keys of the last record and of the head with the
// present one. Once a key has made a record, the head is made with it: one that
// an earlier key made since then is forged.
func (v *verifier) compareKeys(last *run) error {
	if !last.chained {
		return nil
	}
	v.report.KeyUnused = last.charge != v.keys[0]
	fits := func() bool {
		return v.headErr != nil || v.head.sequence > last.last || v.headBy == last.maker || v.headBy == last.charge
	}
	if fits() {
		return nil
	}
	// The keys may have been changed since the head was read.
	was := v.head
	if err := v.readHead(); err != nil {
		return err
	}
	if !fits() {
		v.headErr = errBadHead
		v.fault(Fault{Kind: HeadFault, File: v.cfg.Path + headSuffix, Text: "an earlier key made it"}, place{len(v.files), 0})
		return nil
	}
	v.head = was
	return nil
}

func (v *verifier) order(path string) int {
	return slices.IndexFunc(v.files, func(s *segment) bool { return s.path == path })
}

// inPlace chooses, among the runs, those with rising sequences that together
// have the most records: the others are the ones that were moved.
func (v *verifier) inPlace() []int {
	if len(v.runs) == 0 {
		return nil
	}
	most := make([]uint64, len(v.runs))
	before := make([]int, len(v.runs))
	best := 0
	for j := range v.runs {
		b := &v.runs[j]
		most[j], before[j] = b.last-b.first+1, -1
		for i := range j {
			a := &v.runs[i]
			if a.first >= b.first || a.last >= b.last {
				continue
			}
			if sum := most[i] + b.last - max(a.last, b.first-1); sum > most[j] {
				most[j], before[j] = sum, i
			}
		}
		if most[j] > most[best] {
			best = j
		}
	}
	var chosen []int
	for i := best; i >= 0; i = before[i] {
		chosen = append(chosen, i)
	}
	slices.Reverse(chosen)
	return chosen
}

// doubtful are the sequences of which it matters whether there are two
// different records.
func (v *verifier) doubtful(inPlace, astray []int) map[uint64][]Sum {
	wanted := map[uint64][]Sum{}
	for _, i := range astray {
		wanted[v.runs[i].first] = nil
	}
	for n := 1; n < len(inPlace); n++ {
		if a, b := &v.runs[inPlace[n-1]], &v.runs[inPlace[n]]; b.first <= a.last {
			wanted[b.first] = nil
		}
	}
	return wanted
}

// lookUp finds the MACs of the records that are wanted.
func (v *verifier) lookUp(ctx context.Context, wanted map[uint64][]Sum) (map[uint64][]Sum, error) {
	if len(wanted) == 0 {
		return wanted, nil
	}
	return wanted, v.walk(ctx, func(_ place, line []byte) {
		sequence := claimed(line)
		sums, yes := wanted[sequence]
		if !yes {
			return
		}
		if _, mac, by := v.keys.authentic(line); by != nil && !slices.Contains(sums, mac) {
			wanted[sequence] = append(sums, mac)
		}
	})
}

// begins looks at what comes before the first run.
func (v *verifier) begins(inPlace []int, astray *[]int) {
	if len(inPlace) == 0 {
		return
	}
	first := &v.runs[inPlace[0]]
	missing := spans{{max(v.cfg.First, 1), first.first - 1}}.tidy()
	missing = v.explain(missing, v.badBetween(-1, inPlace[0]), astray)
	for _, m := range missing {
		v.fault(Fault{Kind: RotationGap, Sequence: m.from, Last: m.to, Text: "missing before the first file"}, first.at)
	}
}

// between compares two runs that follow each other.
func (v *verifier) between(i, j int, astray *[]int, found map[uint64][]Sum) {
	a, b := &v.runs[i], &v.runs[j]
	if b.first <= a.last {
		if len(found[b.first]) > 1 {
			v.fault(Fault{Kind: Spliced, Sequence: b.first, Text: fmt.Sprintf("there is another record %d before it", b.first)}, b.at)
		} else {
			v.fault(Fault{Kind: Inserted, Sequence: b.first, Last: a.last, Text: "copied from further up"}, b.at)
		}
		v.explain(nil, v.badBetween(i, j), astray)
		return
	}
	missing := spans{{a.last + 1, b.first - 1}}.tidy()
	adjacent := len(missing) == 0
	missing = v.explain(missing, v.badBetween(i, j), astray)
	linked := !b.chained || b.prev == a.to && (!a.chained || b.by == a.charge)
	switch {
	case adjacent && b.chained && a.chained && b.prev == a.to && !linked:
		v.fault(Fault{Kind: Spliced, Sequence: b.first, Text: "another key made it, and the keys were not changed before it"}, b.at)
	case adjacent && !linked && !a.chained:
		v.fault(Fault{Kind: Edited, Sequence: a.first, Last: a.last, Text: "lines without a chain stand where chained ones were"}, a.at)
	case adjacent && !linked:
		v.fault(Fault{Kind: Spliced, Sequence: b.first, Text: "it follows another record than the one before it"}, b.at)
	}
	for _, m := range missing {
		f := Fault{Kind: Deleted, Sequence: m.from, Last: m.to, Text: "missing before this line"}
		switch {
		case b.disturbed || linked && b.chained:
			f.Kind, f.Text = Truncated, "they were lost at the end before the trail went on"
		case a.at.file != b.at.file && b.at.line == 1:
			f.Kind, f.Text = RotationGap, "missing between two files"
		}
		v.fault(f, b.at)
	}
}

// ends looks at what comes after the last run.
func (v *verifier) ends(inPlace []int, astray *[]int) {
	after, last := -1, uint64(0)
	if n := len(inPlace); n > 0 {
		after, last = inPlace[n-1], v.runs[inPlace[n-1]].last
	}
	until := v.head.sequence
	if v.headErr != nil {
		// Nobody says how far the trail went: what claims to go on is taken at
		// its word.
		until = last
		for _, b := range v.badBetween(after, len(v.runs)) {
			if b.from == until+1 {
				until = b.to
			}
		}
	}
	if slices.ContainsFunc(v.report.Faults, func(f Fault) bool { return f.Kind == KeyFault }) {
		return
	}
	missing := v.explain(spans{{last + 1, until}}.tidy(), v.badBetween(after, len(v.runs)), astray)
	if v.full {
		return
	}
	end := place{file: len(v.files)}
	if n := len(v.report.Files); n > 0 {
		end = place{n - 1, v.report.Files[n-1].Lines}
	}
	for _, m := range missing {
		v.fault(Fault{Kind: Truncated, Sequence: m.from, Last: m.to, Text: "missing at the end"}, end)
	}
}

// badBetween are the bad lines between two runs.
func (v *verifier) badBetween(i, j int) []bad {
	var all []bad
	for _, b := range v.bad {
		if b.before > i && b.before <= j {
			all = append(all, b)
		}
	}
	return all
}

// explain looks for missing records: in another place, or behind bad lines. It
// returns those of which there is no trace.
func (v *verifier) explain(missing spans, lines []bad, astray *[]int) spans {
	*astray = slices.DeleteFunc(*astray, func(i int) bool {
		r := &v.runs[i]
		here, any := missing.common(r.first, r.last)
		if !any || here != (span{r.first, r.last}) {
			return false
		}
		missing = missing.without(here)
		v.fault(Fault{Kind: Reordered, Sequence: r.first, Last: r.last, Text: "not in its place"}, r.at)
		return true
	})
	for _, b := range lines {
		here, any := missing.common(b.from, b.to)
		if !any && len(missing) > 0 && b.until == b.at.line {
			here, any = span{missing[0].from, missing[0].from}, true
		}
		if !any && b.torn {
			v.report.TornBytes += b.length
			continue
		}
		if !any {
			v.fault(Fault{Kind: Inserted, Sequence: b.from, Last: b.to, Text: "the trail did not write it"}, b.at)
			continue
		}
		missing = missing.without(here)
		v.fault(Fault{Kind: Edited, Sequence: here.from, Last: here.to, Text: "not as it was written"}, b.at)
	}
	return missing
}

// stray is a run that fills no gap.
func (v *verifier) stray(r *run, macs []Sum) {
	if len(macs) > 1 || !r.chained {
		v.fault(Fault{Kind: Spliced, Sequence: r.first, Last: r.last, Text: "another record has its place"}, r.at)
		return
	}
	v.fault(Fault{Kind: Inserted, Sequence: r.first, Last: r.last, Text: "a copy of a record that is in its place"}, r.at)
}

// checkMarks compares the trail with what the head and others say of it.
func (v *verifier) checkMarks() {
	end := place{file: len(v.files)}
	if v.headErr == nil && v.differs(v.head) {
		v.fault(Fault{Kind: Spliced, Sequence: v.head.sequence, File: v.cfg.Path + headSuffix, Text: "the head names another record of that number"}, end)
	}
	for i := range v.cfg.Known {
		c := &v.cfg.Known[i]
		switch {
		case !v.keys.signed(c):
			v.fault(Fault{Kind: CheckpointFault, Sequence: c.Sequence, Text: "a checkpoint from elsewhere is not signed with a key of this trail"}, end)
		case v.differs(mark{c.Sequence, c.MAC}):
			v.fault(Fault{Kind: Spliced, Sequence: c.Sequence, Text: "a checkpoint from elsewhere names another record of that number"}, end)
		case c.Sequence > max(v.report.Last, v.head.sequence):
			v.fault(Fault{Kind: Truncated, Sequence: v.report.Last + 1, Last: c.Sequence, Text: "a checkpoint from elsewhere knows of more records"}, end)
		}
	}
}

// differs reports whether the trail has, at the sequence of m, other records
// than m.
func (v *verifier) differs(m mark) bool {
	macs := v.marks[m.sequence]
	return len(macs) > 0 && !slices.ContainsFunc(macs, func(s Sum) bool { return bytes.Equal(s[:], m.mac[:]) })
}
