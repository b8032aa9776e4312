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
		u.BypassCodes = []string{"123456789"}
		u.Phones = append(u.Phones, duotest.Phone{Number: "+442079460000", Name: "A desk phone with a rather long name"})
	})
	open := func(user string) step {
		query := a.authQuery(a.requestClaims().with("duo_uname", user).with("redirect_uri", app+"/callback"))
		return chromedp.Navigate(a.URL + duotest.EndpointAuthorize + "?" + query.Encode())
	}
	click := func(id string) step { return chromedp.Click(chromedp.CSS("#" + id)) }
	write := func(id, text string) step { return chromedp.SendKeys(chromedp.CSS("#"+id), text) }
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
		{"enroll", "newcomer", signedIn, []step{write("phone_number", "+1 734 555 0142"), click("enroll-submit")}},
		{"cancel", "test1", refused, []step{click("cancel")}},
	} {
		b.Do(open(tc.user))
		b.Screenshot("prompt-" + tc.name)
		b.Do(tc.steps...)
		if got := browsertest.Read(b, chromedp.Text(chromedp.CSS("#done"))); strings.TrimSpace(got) != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	b.Check(a.URL, app)
}
