package heap_test

import (
	"context"
	"runtime/debug"
	"slices"
	"testing"

	"mfaserver/internal/heap"
)

const mib = 1 << 20

func TestPercent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rounds [][2]uint64
		want   []int
	}{
		"at rest":         {[][2]uint64{{0, 0}, {1, 8 * mib}, {1, 8 * mib}}, []int{50, 50, 50}},
		"busy":            {[][2]uint64{{4, 10 * mib}, {5, 9 * mib}, {6, 24 * mib}}, []int{300, 344, 66}},
		"busy with much":  {[][2]uint64{{4, 200 * mib}, {8, 60 * mib}}, []int{50, 50}},
		"busy with none":  {[][2]uint64{{4, 1 * mib}}, []int{800}},
		"nothing in use":  {[][2]uint64{{4, 0}}, []int{50}},
		"calm again":      {slices.Concat([][2]uint64{{4, 10 * mib}}, slices.Repeat([][2]uint64{{4, 10 * mib}}, 10)), []int{300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 50}},
		"never long calm": {slices.Concat([][2]uint64{{4, 10 * mib}}, slices.Repeat([][2]uint64{{4, 10 * mib}}, 9), [][2]uint64{{5, 10 * mib}, {5, 10 * mib}}), slices.Repeat([]int{300}, 12)},
	} {
		if got := heap.Percent(c.rounds...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What Tend changes is as before when it ends.
func TestTend(t *testing.T) { //nolint:paralleltest // the percentage is the process's
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	heap.Tend(ctx)
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("the percentage is %d after Tend, want 77", got)
	}
}
