package walks_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
)

const consoleAt = "/mfa/admin/"

// enterConsole goes from the portal to the console of somebody who is signed
// in, past a simulator that approves by itself.
func (v *visitor) enterConsole() {
	v.t.Helper()
	v.Visit(v.d.server + consoleAt)
	v.Wait("#confirm")
	v.press("#confirm")
	v.Wait("nav.menu")
}

// administer signs an administrator in at the console.
func (v *visitor) administer() {
	v.t.Helper()
	v.Visit(v.d.server + consoleAt)
	v.Type("#username", v.d.username)
	v.Type("#password", v.d.password)
	v.press("#sign-in")
	v.approve()
	v.Wait("nav.menu")
}

// find finds a user by a part of the name and opens the page.
func (v *visitor) find(part string) {
	v.t.Helper()
	v.Visit(v.d.server + "/mfa/admin/users")
	v.Type("#match", part)
	v.Follow("#search")
	v.Follow("#users tbody a")
}

// deed opens a form of the user's page, gives a reason and goes ahead.
func (v *visitor) deed(open, name, reason, button string) {
	v.t.Helper()
	v.Follow(open)
	v.audit(name)
	v.Type("#reason", reason)
	v.Follow(button)
}

// consoleWalks are those of administrators.
func consoleWalks() []walk {
	walks := []walk{{"console/confirm", func(t *testing.T, h *house) {
		v := h.visitor(t, h.demo)
		v.signIn(v.d.username)
		v.Visit(v.d.server + consoleAt)
		v.Wait("#confirm")
		v.audit("console-confirm")
		v.press("#confirm")
		v.press("#deny")
		v.Wait("#message.bad")
		v.press("#cancel")
		v.Wait("#problem")
		v.audit("console-not-confirmed")
		v.press("#confirm")
		v.approve()
		v.Wait("#notice")
	}}, {"console/no-role", func(t *testing.T, h *house) {
		v := h.visitor(t, h.demo)
		v.signIn("samir.silva")
		here := v.Visit(v.d.server + consoleAt)
		nowhere := v.Visit(v.d.server + "/mfa/nowhere")
		if here != http.StatusNotFound || nowhere != here {
			t.Errorf("console = %d, a path that is none = %d", here, nowhere)
		}
	}}, {"console/pages", consolePages}}
	walks = append(walks, each("console/bypass-code", bypass)...)
	walks = append(walks, each("console/export", takeTrail)...)
	return append(walks, each("console/user", lookAfter)...)
}

// bypass makes a bypass code, uses it in another browser, and finds both in the
// audit trail.
func bypass(t *testing.T, h *house, v *visitor) {
	name := v.either("umar.ulrich", "femi.keller")
	v.administer()
	v.find(name)
	v.audit("console-user")
	v.deed("#to-bypass", "console-bypass", "phone lost, ticket 4711", "#make-bypass")
	v.Wait("#bypass-code")
	v.audit("console-bypass-code")
	code := v.Value("#bypass-code")

	other := h.visitor(t, v.d)
	other.enter("#sign-in", name, v.d.password)
	other.submit("#bypass_code", code, "#bypass-submit")
	other.Wait("#sign-out")
	if factor := other.Text("#factor"); !strings.Contains(strings.ToLower(factor), "bypass") {
		t.Errorf("the portal says %q", factor)
	}

	v.Follow("#back")
	if source := v.source(); strings.Contains(source, code) {
		t.Error("the code is shown again")
	}
	v.sees("the page of the user", "bypass codes made", "Session started")
	v.Follow("#all-records")
	v.sees("the audit trail", "bypass codes made", "Session started")
}

// sees finds the bypass code in the records, and the session that came of it.
func (v *visitor) sees(what string, want ...string) {
	v.t.Helper()
	records := v.Text("#records")
	for _, line := range want {
		if !strings.Contains(records, line) {
			v.t.Errorf("%s has no %s:\n%s", what, line, records)
		}
	}
}

// lookAfter locks somebody and unlocks him, disables his account, and ends a
// session, which his browser feels at once.
func lookAfter(t *testing.T, h *house, v *visitor) {
	name := v.either("bruno.gruber", "chiara.hale")
	other := h.visitor(t, v.d)
	other.signIn(name)
	v.administer()
	v.find(name)
	v.Follow("#sessions .end-session")
	v.Wait("#notice")
	other.signedOut()
	v.find(name)
	v.deed("#to-lock", "console-lock", "left the phone in a train", "#lock")
	v.Wait("#notice")
	other.enter("#sign-in", name, v.d.password)
	other.Wait("#problem")
	v.find(name)
	v.deed("#to-lock", "console-unlock", "found it again", "#unlock")
	v.Wait("#notice")
	other.signIn(name)
	v.find(name)
	v.deed("#to-account", "console-disable", "left on Friday", "#disable")
	v.Wait("#notice")
	v.audit("console-user-disabled")
	other.signedOut()
}

// source is the page as it is now.
func (v *visitor) source() string {
	v.t.Helper()
	return browsertest.Read(v.Tab, chromedp.OuterHTML(chromedp.CSS("html")))
}

// consolePages comes to every page of the console that something leads to, a
// few of each kind, and audits one of each.
func consolePages(t *testing.T, h *house) {
	v := h.visitor(t, h.demo)
	v.administer()
	queue, kinds := []string{consoleAt}, map[string]int{}
	for pages := 0; len(queue) > 0 && pages < 80; pages++ {
		path := queue[0]
		queue = queue[1:]
		if status := v.Visit(v.d.server + path); status != http.StatusOK {
			t.Errorf("%s = %d", path, status)
			continue
		}
		if at := v.path(); kinds["audited "+kind(at)] == 0 {
			kinds["audited "+kind(at)]++
			v.audit(pictureName(at))
		}
		hrefs := browsertest.Read(v.Tab, chromedp.Evaluate[[]string](`[...document.querySelectorAll("a[href]:not([download])")].map(a => a.getAttribute("href"))`))
		for _, next := range hrefs {
			if !strings.HasPrefix(next, consoleAt) || strings.Contains(next, "#") || strings.Contains(next, "export") || kinds[kind(next)] > 1 {
				continue
			}
			kinds[kind(next)]++
			queue = append(queue, next)
		}
	}
}

func (v *visitor) path() string {
	v.t.Helper()
	u, err := url.Parse(browsertest.Read(v.Tab, chromedp.Location()))
	if err != nil {
		v.t.Fatal(err)
	}
	u.Scheme, u.Host = "", ""
	return u.String()
}

// pictureName names a page of the console after its path: console-users-one-bypass.
func pictureName(path string) string {
	path, query, _ := strings.Cut(strings.TrimPrefix(path, consoleAt), "?")
	name := "console"
	for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		switch {
		case segment == "":
		case word.MatchString(segment):
			name += "-" + segment
		default:
			name += "-one"
		}
	}
	if query != "" {
		name += "-" + notWord.ReplaceAllString(strings.SplitN(query, "=", 2)[0], "")
	}
	return name
}

var notWord = regexp.MustCompile(`[^a-z]`)
