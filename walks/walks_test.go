package walks_test

import "testing"

// walk is what somebody does in a browser.
type walk struct {
	name string
	do   func(t *testing.T, h *house)
}

// TestWalks takes all walks, two at a time.
func TestWalks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var walks []walk
	walks = append(walks, callbackWalks()...)
	walks = append(walks, portalWalks()...)
	walks = append(walks, accountWalks()...)
	walks = append(walks, simulatorWalks()...)
	walks = append(walks, consoleWalks()...)
	walks = append(walks, terminalWalk(), strangerWalk(), digitsWalk())
	// First, and alone: it looks at the clock.
	t.Run("size", func(t *testing.T) { size(t, h) })
	for _, w := range walks {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			h.turn <- struct{}{}
			defer func() { <-h.turn }()
			w.do(t, h)
		})
	}
}

// each takes a walk with scripts and without.
func each(name string, do func(t *testing.T, h *house, v *visitor)) []walk {
	return []walk{
		{name, func(t *testing.T, h *house) { do(t, h, h.visitor(t, h.demo)) }},
		{name + "-scriptless", func(t *testing.T, h *house) {
			do(t, h, h.visitor(t, h.demo).withoutScripts())
		}},
	}
}
