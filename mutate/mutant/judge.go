package mutant

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Verdict is what became of a check.
type Verdict struct {
	// Noticed: tests fail, or hang, without the check.
	Noticed bool `json:"noticed"`
	// By names them; of a check that is not noticed, it says why.
	By string `json:"by"`
}

// What By says of a check that is not noticed.
const (
	// NotReached is said of a check that no test comes by.
	NotReached = "no test comes by"
	// AllPass is said of a check whose tests pass without it.
	AllPass = "all tests that come by pass"
	// Unclear is said of a check whose tests took too long or failed only now
	// and then, on a machine too busy to say whether the check was the reason.
	Unclear = "the machine is too busy to tell"
)

const (
	// firstBatch is how long the tests may take, by themselves, that are asked
	// first; every further batch may take twice as long.
	firstBatch = 500 * time.Millisecond
	// A run may take limitFactor times what its tests took by themselves, and
	// limitBase more.
	limitFactor = 8
	limitBase   = 10 * time.Second
	// judgeTries is how often tests are run that fail now and then, or that
	// end too late on a busy machine: the limit doubles every time.
	judgeTries = 3
)

// Judge removes a check and asks the tests that come by it, the fastest first,
// until one fails. [Binary.Survey] comes first.
func (b *Binary) Judge(ctx context.Context, c Check) (Verdict, error) {
	verdict := Verdict{By: NotReached}
	for _, batch := range b.batches(c.ID) {
		v, err := batch.judge(ctx, envRemoved+"="+strconv.Itoa(c.ID))
		if err != nil || v.Noticed {
			return v, err
		}
		if verdict.By != Unclear {
			verdict = v
		}
	}
	return verdict, nil
}

// batch is tests that one process runs.
type batch struct {
	in    testBinary
	names []string
	took  time.Duration
}

// batches are the tests that come by a check, the fastest first, in ever larger
// portions.
func (b *Binary) batches(id int) []batch {
	var all []batch
	room := firstBatch
	for _, c := range b.cases {
		if !c.reached[id] {
			continue
		}
		if n := len(all) - 1; n >= 0 && all[n].in == c.in && all[n].took+c.took <= room {
			all[n].names = append(all[n].names, c.name)
			all[n].took += c.took
			continue
		}
		if len(all) > 0 {
			room *= 2
		}
		all = append(all, batch{in: c.in, names: []string{c.name}, took: c.took})
	}
	return all
}

// judge runs the tests of a batch with a check removed.
func (b batch) judge(ctx context.Context, setting string) (Verdict, error) {
	limit := limitBase + limitFactor*b.took
	for range judgeTries {
		o, err := b.in.run(ctx, b.names, limit, setting)
		if err != nil {
			return Verdict{}, err
		}
		switch o.state {
		case passed:
			return Verdict{By: AllPass}, nil
		case failed:
			v, err := b.confirm(ctx, o, limit, setting)
			if v.Noticed || err != nil {
				return v, err
			}
			continue
		case timedOut:
		}
		// Only where the same tests end well in time with the check, and now,
		// is it the check that they miss.
		whole, err := b.in.run(ctx, b.names, limit, envRemoved+"=0")
		if err != nil {
			return Verdict{}, err
		}
		if whole.state == passed && whole.took < limit/2 {
			return Verdict{Noticed: true, By: "hang: " + strings.Join(b.names, " ")}, nil
		}
		limit *= 2
	}
	return Verdict{By: Unclear}, nil
}

// confirm runs the tests again that failed: a failure counts when it can be
// had twice, and not with the check, for on a busy machine tests can fail by
// themselves.
func (b batch) confirm(ctx context.Context, first outcome, limit time.Duration, setting string) (Verdict, error) {
	names := failing(first.text)
	if len(names) == 0 {
		names = b.names
	}
	for range 2 {
		o, err := b.in.run(ctx, names, limit, setting)
		if err != nil {
			return Verdict{}, err
		}
		if o.state != failed {
			continue
		}
		whole, err := b.in.run(ctx, names, limit, envRemoved+"=0")
		if err != nil {
			return Verdict{}, err
		}
		if whole.state == passed {
			return Verdict{Noticed: true, By: strings.Join(names, " ")}, nil
		}
	}
	return Verdict{}, nil
}
