package duotest

import "slices"

// historySize is how much of each history is kept.
const historySize = 20_000

// history is what happened, oldest first, without end but in bounded memory.
type history[T any] struct {
	entries []T
	dropped int
}

func (h *history[T]) add(entry T) {
	if len(h.entries) >= historySize {
		h.entries = slices.Delete(h.entries, 0, historySize/2)
		h.dropped += historySize / 2
	}
	h.entries = append(h.entries, entry)
}
