package walks_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// approve answers the push that the prompt has sent, on the phone beside it.
func (v *visitor) approve() {
	v.t.Helper()
	v.Do(chromedp.Click(chromedp.CSS("#approve")))
}

// simulatorWalks are those at the simulator's own pages.
func simulatorWalks() []walk {
	return each("simulator/phones", func(t *testing.T, _ *house, v *visitor) {
		v.Visit(v.d.sim + "/sim/phones")
		v.audit("phones")
		v.Visit(v.d.sim + "/sim/phones/alice")
		v.Wait("#nothing")
	})
}
