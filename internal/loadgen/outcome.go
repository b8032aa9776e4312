package loadgen

import (
	"errors"

	"mfaserver/internal/apiclient"
)

// errSessionGone: the server did not know a session that it had just opened.
var errSessionGone = errors.New("loadgen: the session was gone before its logout")

// Outcome is what came of logins, in the words of reports.
type Outcome string

// The outcomes.
const (
	OK           Outcome = "ok"
	Refused      Outcome = "refused"
	Throttled    Outcome = "throttled"
	NotConfirmed Outcome = "not confirmed"
	NoCallback   Outcome = "no callback page"
	SessionGone  Outcome = "session gone"
	Unavailable  Outcome = "unavailable"
	Other        Outcome = "other"
)

// outcomeOf sorts the error of a login.
func outcomeOf(err error) Outcome {
	refused, isRefusal := errors.AsType[*apiclient.RefusedError](err)
	switch {
	case err == nil:
		return OK
	case isRefusal && refused.RetryAfter > 0:
		return Throttled
	case isRefusal:
		return Refused
	case errors.Is(err, ErrNotConfirmed), errors.Is(err, ErrRealDuo):
		return NotConfirmed
	case errors.Is(err, ErrCallback):
		return NoCallback
	case errors.Is(err, errSessionGone):
		return SessionGone
	case errors.Is(err, apiclient.ErrUnavailable):
		return Unavailable
	default:
		return Other
	}
}

// tally is what one client counted.
type tally struct {
	legs     [legCount]Histogram
	outcomes map[Outcome]int
	examples map[Outcome]error
}

func newTally() tally {
	return tally{outcomes: map[Outcome]int{}, examples: map[Outcome]error{}}
}

func (t *tally) count(err error) {
	o := outcomeOf(err)
	t.outcomes[o]++
	if err != nil && t.examples[o] == nil {
		t.examples[o] = err
	}
}

func (t *tally) merge(other *tally) {
	for i := range t.legs {
		t.legs[i].Merge(&other.legs[i])
	}
	for o, n := range other.outcomes {
		t.outcomes[o] += n
		if t.examples[o] == nil {
			t.examples[o] = other.examples[o]
		}
	}
}
