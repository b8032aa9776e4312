package walks_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
)

// approve answers the push that the prompt has sent, on the phone beside it.
func (v *visitor) approve() {
	v.t.Helper()
	v.press("#approve")
}

// passcode is the one that a phone shows beside the prompt.
func (v *visitor) passcode() string {
	v.t.Helper()
	v.Wait("#passcode-hint")
	return browsertest.Read(v.Tab, chromedp.Text(chromedp.CSS("#passcode-hint code")))
}

// submit types into a field of the prompt and presses its button.
func (v *visitor) submit(field, text, button string) {
	v.t.Helper()
	v.Type(field, text)
	v.press(button)
}

// bypassCode makes a bypass code on the command line.
func (d *demo) bypassCode(t *testing.T, username string) string {
	t.Helper()
	out := d.command(t, "", "--output", "json", "duo", "bypass", "create", username, "--reason", "phone lost, ticket 4711")
	for word := range strings.FieldsFuncSeq(out, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(word) >= 8 && len(word) <= 10 {
			return word
		}
	}
	t.Fatalf("no bypass code in %s", out)
	return ""
}

// simulatorWalks are those at the simulator's own pages; the prompt is on the
// way of many others as well.
func simulatorWalks() []walk {
	walks := each("simulator/phones", func(_ *testing.T, _ *house, v *visitor) {
		v.Visit(v.d.sim + "/sim/phones")
		v.audit("phones")
		v.Visit(v.d.sim + "/sim/phones/umar.ulrich")
		v.Wait("#nothing")
		v.audit("phone")
	})
	return append(walks,
		walk{"simulator/phone-of-its-own", phoneOfItsOwn},
		walk{"simulator/refusals", refusals},
	)
}

// phoneOfItsOwn answers a prompt on the page of the phone, in a second browser:
// the first one notices.
func phoneOfItsOwn(t *testing.T, h *house) {
	v, phone := h.visitor(t, h.demo), h.visitor(t, h.demo)
	v.enter("#sign-in", "wei.weiss", v.d.password)
	v.Wait("#phone-page")
	phone.Visit(v.d.sim + "/sim/phones/wei.weiss")
	phone.Wait("#approve")
	phone.audit("phone-ringing")
	phone.press("#approve")
	phone.Wait("#nothing")
	phone.audit("phone-answered")
	v.Wait("#sign-out")
}

// refusals are the pages of a prompt that lets nobody pass.
func refusals(t *testing.T, h *house) {
	v := h.visitor(t, h.demo)
	v.Visit(v.d.sim + "/oauth/v1/authorize?client_id=nobody")
	v.audit("prompt-error")
	// Duo has locked him out before.
	v.enter("#sign-in", "elif.eriksen", v.d.password)
	v.Wait("#problem")
	// And him while he looks at the prompt.
	v.enter("#sign-in", "tilda.tanaka", v.d.password)
	v.Wait("#push")
	v.d.command(t, "", "duo", "users", "update", "tilda.tanaka", "--status", "disabled", "--reason", "left on Friday")
	v.submit("#passcode", "000000", "#passcode-submit")
	v.Wait("#error")
	v.audit("prompt-blocked")
	v.press("#cancel")
	v.Wait("#problem")
}
