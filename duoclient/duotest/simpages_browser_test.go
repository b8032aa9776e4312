package duotest_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/browsertest"
)

// The virtual phone works in a browser without JavaScript: from the list of
// users to a push of the Auth API, a verified push, the history, and the links
// that activate a phone and add one.
func TestVirtualPhoneInBrowser(t *testing.T) {
	b := browse(t)
	a := start(t, ask, func(c *duotest.Config) { c.VerifiedPush = 6 })
	async := push("test1")
	async["async"], async["ipaddr"], async["pushinfo"] = "1", "203.0.113.5", "Server=db1&Command=restart%20the%20very%20long%20named%20service"
	a.auth().post("/auth/v2/auth", async).ok()
	b.Do(chromedp.Navigate(a.URL + "/sim/phones"))
	b.Screenshot("phones")
	b.Do(chromedp.Click(chromedp.CSS(`a[href="/sim/phones/test1"]`)), visible("#approve"))
	b.Screenshot("phone-waiting")
	b.Do(click("approve"), visible("#nothing"))
	b.Screenshot("phone-history")
	offer := a.auth().preauth(params{"username": "test1", "client_supports_verified_push": "1"})
	async["txid"] = offer["txid"].(string)
	a.auth().post("/auth/v2/auth", async).ok()
	b.Do(chromedp.Navigate(a.URL+"/sim/phones/test1"), visible("#code"), click("approve"), visible("#message.bad"))
	b.Screenshot("phone-code")
	b.Do(chromedp.SendKeys(chromedp.CSS("#code"), offer["verification_code"].(string)), click("approve"), visible("#nothing"))
	pushes := a.Pushes("test1")
	if len(pushes) != 2 || pushes[0].Answer != duotest.AnswerApprove || pushes[1].Answer != duotest.AnswerApprove {
		t.Errorf("pushes = %+v", pushes)
	}
	link := a.auth().preauth(params{"username": "carol"})["enroll_portal_url"].(string)
	b.Do(chromedp.Navigate(link), chromedp.SendKeys(chromedp.CSS("#phone_number"), "+1 734 555 0142"))
	b.Screenshot("portal")
	b.Do(click("enroll-submit"), visible("#text"))
	if u, ok := a.User("carol"); !ok || !u.Enrolled() {
		t.Errorf("carol = %+v", u)
	}
	c := a.admin()
	phone := c.newPhone(c.newUser("dave"), "+17345550155")
	b.Do(chromedp.Navigate(c.post("/admin/v1/phones/"+phone+"/activation_url", nil).text("activation_url")), visible("#activate"))
	b.Screenshot("activate")
	b.Do(click("activate"), visible("#text"))
	if got := browsertest.Read(b, chromedp.Text(chromedp.CSS("h1"))); !strings.Contains(got, "activated") {
		t.Errorf("after activating: %q", got)
	}
	b.Check(a.URL)
}
