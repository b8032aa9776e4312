package duotest_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/browsertest"
)

type step = chromedp.Action[chromedp.Void]

// browse opens a window of a phone's width in which no script runs.
func browse(t *testing.T) *browsertest.Tab {
	t.Helper()
	b := browsertest.Open(t)
	b.Do(chromedp.EmulateViewport(360, 800))
	off := emulation.SetScriptExecutionDisabledParams{Value: true}
	if _, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, off); err != nil {
		t.Fatal(err)
	}
	return b
}

// application is where the prompt leads to; its page repeats what it was given.
func application(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" {
			return // the browser's wish for an icon
		}
		q := r.URL.Query()
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<!DOCTYPE html><p id=done>state %d, code %d, error %q</p>", len(q.Get("state")), len(q.Get("duo_code")), q.Get("error"))
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// The page works in a browser without JavaScript, by its documented ids, and
// its Content-Security-Policy lets the forms lead to the application.
func TestPageInBrowser(t *testing.T) {
	b := browse(t)
	app := application(t)
	a := start(t, ask)
	a.UpdateUser("test1", func(u *duotest.User) {
		u.BypassCodes = []string{"123456789", "987654321"}
		u.Phones = append(u.Phones, duotest.Phone{ID: "DPDESK", Number: "+442079460000", Name: "A desk phone with a rather long name"})
		u.WebAuthn = []duotest.WebAuthnCredential{{Name: "Blue key"}}
	})
	open := func(user string) step { return chromedp.Navigate(a.promptFor(user, app)) }
	user, _ := a.User("test1")
	const signedIn, refused = `state 36, code 32, error ""`, `state 36, code 0, error "access_denied"`
	for _, tc := range []struct {
		name, user, want string
		steps            []step
	}{
		{"approve", "test1", signedIn, []step{click("approve")}},
		{"push", "test1", signedIn, []step{click("push"), click("approve")}},
		{"deny", "test1", signedIn, []step{click("deny"), chromedp.WaitVisible(chromedp.CSS("#message.bad")), click("push"), click("approve")}},
		{"passcode", "test1", signedIn, []step{write("passcode", user.Phones[0].Passcode), click("passcode-submit")}},
		{"bypass", "test1", signedIn, []step{write("bypass_code", "123456789"), click("bypass-submit")}},
		{"bypass-enter", "test1", signedIn, []step{write("bypass_code", "987654321\r")}},
		{"call", "test1", signedIn, []step{click("deny"), visible("#message.bad"), click("device-DPDESK"), click("call"), click("approve")}},
		{"security-key", "test1", signedIn, []step{click("security-key"), click("touch")}},
		{"enroll", "newcomer", signedIn, []step{write("phone_number", "+1 734 555 0142"), click("enroll-submit")}},
		{"enroll-scan", "latecomer", signedIn, []step{click("scan")}},
		{"cancel", "test1", refused, []step{click("cancel")}},
	} {
		b.Do(open(tc.user))
		b.Screenshot("prompt-" + tc.name)
		b.Do(tc.steps...)
		arrives(t, b, tc.name, tc.want)
	}
	b.Check(a.URL, app)
}

func click(id string) step { return chromedp.Click(chromedp.CSS("#" + id)) }

func write(id, text string) step { return chromedp.SendKeys(chromedp.CSS("#"+id), text) }

func visible(css string) step { return chromedp.WaitVisible(chromedp.CSS(css)) }

// promptFor is the authorize URL of a user at an application.
func (a *app) promptFor(user, application string) string {
	query := a.authQuery(a.requestClaims().with("duo_uname", user).with("redirect_uri", application+"/callback"))
	return a.URL + duotest.EndpointAuthorize + "?" + query.Encode()
}

// arrives waits for the application's page.
func arrives(t *testing.T, b *browsertest.Tab, name, want string) {
	t.Helper()
	if got := browsertest.Read(b, chromedp.Text(chromedp.CSS("#done"))); strings.TrimSpace(got) != want {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

// Digits on one screen are typed on the other, and a browser that is to be
// remembered passes the next time: without JavaScript.
func TestPoliciesInBrowser(t *testing.T) {
	b := browse(t)
	app := application(t)
	a := start(t, everything)
	b.Do(chromedp.Navigate(a.promptFor("test1", app)), write("code", "x\r"), visible("#message.bad"))
	b.Screenshot("prompt-verified")
	digits := strings.ReplaceAll(browsertest.Read(b, chromedp.Text(chromedp.CSS("#verification-code"))), " ", "")
	b.Do(write("code", digits), click("remember"), click("approve"))
	arrives(t, b, "verified", `state 36, code 32, error ""`)
	b.Do(chromedp.Navigate(a.promptFor("test1", app)))
	arrives(t, b, "remembered", `state 36, code 32, error ""`)
	if l := a.Logins(); len(l) != 2 || l[0].Factor != "verified_duo_push" || l[1].Factor != "remembered_device" {
		t.Errorf("log = %+v", l)
	}
	b.Do(chromedp.Navigate(a.URL+"/sim/phones/test1"), click("forget"), chromedp.WaitNotPresent(chromedp.CSS("#forget")))
	b.Do(chromedp.Navigate(a.promptFor("test1", app)), visible("#approve"))
	b.Check(a.URL, app)
}

// With JavaScript a phone that lies open notices the push, and the prompt
// notices the answer: nobody reloads anything.
func TestPagesNotice(t *testing.T) {
	prompt, phone := browsertest.Open(t), browsertest.Open(t)
	app := application(t)
	a := start(t, ask)
	signedIn := `state 36, code 32, error ""`
	phone.Do(chromedp.Navigate(a.URL+"/sim/phones/test1"), visible("#nothing"))
	prompt.Do(chromedp.Navigate(a.promptFor("test1", app)))
	phone.Do(visible("#approve"), click("deny"), visible("#nothing"))
	prompt.Do(visible("#message.bad"), click("push"), visible("#virtual-phone"))
	phone.Do(click("approve"))
	arrives(t, prompt, "approved on the phone", signedIn)

	prompt.Do(chromedp.Navigate(a.promptFor("newcomer", app)))
	link := browsertest.Read(prompt, chromedp.AttributeValue(chromedp.CSS("#activation-link"), "href"))
	phone.Do(chromedp.Navigate(link.Value), click("activate"), visible("#text"))
	arrives(t, prompt, "scanned", signedIn)
	prompt.Check(a.URL, app)
	phone.Check(a.URL)
}
