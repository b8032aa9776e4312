package duotest_test

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"mfaserver/duoclient/duotest"
)

func TestPasscode(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	p := a.open("test1")
	before, _ := a.User("test1")
	passcode := before.Phones[0].Passcode
	p.press("passcode", "passcode", "000000x")
	p.shows("Incorrect passcode. Please try again.", passcode)
	spaced := passcode[:3] + " " + passcode[3:]
	a.wantContext(a.callback(p.press("passcode", "passcode", spaced)), "authentication", "duo_mobile_passcode", "valid_passcode")
	after, _ := a.User("test1")
	if after.Phones[0].Passcode == passcode {
		t.Error("a passcode works twice")
	}
	p = a.open("test1")
	p.press("passcode", "passcode", passcode)
	p.shows("Incorrect passcode. Please try again.")

	other := start(t)
	same, _ := other.User("test1")
	if same.Phones[0].Passcode != passcode {
		t.Errorf("passcode = %s in one run and %s in another", passcode, same.Phones[0].Passcode)
	}
}

func TestPasscodeByText(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	u := a.AddUser(duotest.User{Name: "bob", Phones: []duotest.Phone{{Number: "+17345550111"}}})
	p := a.open("bob")
	p.shows("text messages only")
	p.lacks(`id="push"`, `id="approve"`)
	p.press("push")
	p.lacks(`id="approve"`)
	a.wantContext(a.callback(p.press("passcode", "passcode", u.Phones[0].Passcode)), "authentication", "sms_passcode", "valid_passcode")
}

func TestBypassCode(t *testing.T) {
	t.Parallel()
	a := start(t, ask)
	a.UpdateUser("test1", func(u *duotest.User) { u.BypassCodes = []string{"123456789", "987654321"} })
	p := a.open("test1")
	p.press("bypass", "bypass_code", "111111111")
	p.shows("Incorrect bypass code.")
	p.press("bypass")
	p.shows("Type a bypass code first.")
	p.press("passcode")
	p.shows("Type a passcode first.")
	if u, _ := a.User("test1"); u.Failures != 1 {
		t.Errorf("failures = %d, want 1: an empty field is none", u.Failures)
	}
	a.wantContext(a.callback(p.press("bypass", "bypass_code", "123456789")), "authentication", "bypass_code", "valid_passcode")
	p = a.open("test1")
	p.press("bypass", "bypass_code", "123456789")
	p.shows("Incorrect bypass code.")
	a.wantContext(a.callback(p.press("passcode", "passcode", "987654321")), "authentication", "bypass_code", "valid_passcode")
	if u, _ := a.User("test1"); len(u.BypassCodes) != 0 {
		t.Errorf("codes left: %v", u.BypassCodes)
	}
}

// Of two tries with one bypass code at once, one succeeds.
func TestBypassCodeRace(t *testing.T) {
	t.Parallel()
	a := start(t, ask, func(c *duotest.Config) { c.LockoutThreshold = -1 })
	a.UpdateUser("test1", func(u *duotest.User) { u.BypassCodes = []string{"123456789"} })
	var wg sync.WaitGroup
	statuses := make(chan int, 20)
	for range cap(statuses) {
		form := url.Values{"tx": {a.open("test1").tx}, "bypass_code": {"123456789"}}
		wg.Go(func() {
			got, err := a.try(a.request(http.MethodPost, "/prompt/bypass", nil, form))
			if err != nil {
				t.Error(err)
			}
			statuses <- got.status
		})
	}
	wg.Wait()
	close(statuses)
	redirects := 0
	for status := range statuses {
		if status == http.StatusSeeOther {
			redirects++
		}
	}
	if redirects != 1 {
		t.Errorf("%d logins with one code", redirects)
	}
}
