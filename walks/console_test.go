package walks_test

import "testing"

// enterConsole goes from the portal to the console of somebody who is signed
// in, past a simulator that approves by itself.
func (v *visitor) enterConsole() {
	v.t.Helper()
	v.Visit(v.d.server + "/mfa/admin/")
	v.Wait("#confirm")
	v.press("#confirm")
	v.WaitGone("#confirm")
}

// consoleWalks are those of administrators.
func consoleWalks() []walk {
	return []walk{{"console/enter", func(t *testing.T, h *house) {
		v := h.visitor(t, h.demo)
		v.signIn(v.d.username)
		v.Visit(v.d.server + "/mfa/admin/")
		v.Wait("#confirm")
		v.audit("console-confirm")
		v.press("#confirm")
		v.approve()
		v.Wait("#notice")
		v.audit("console")
	}}}
}
