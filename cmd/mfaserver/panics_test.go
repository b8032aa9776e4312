package main_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
)

// panicFile names the file that, while it is there, lets requests of a server
// under test panic.
const panicFile = "MFASERVER_TEST_PANIC_FILE"

// panicText is in the value of each panic.
const panicText = "canary-panic-value-5tGq8Zr2Lw"

// brokenRandom is a source of randomness that panics within requests, with what
// it has drawn.
type brokenRandom struct {
	io.Reader
	file string
}

// breakRandom lets what the program draws for states and sessions panic when it
// is told to.
func breakRandom() {
	if file := os.Getenv(panicFile); file != "" {
		rand.Reader = brokenRandom{rand.Reader, file}
	}
}

// Read implements [io.Reader].
func (r brokenRandom) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	const id = 8 // which a request has before it is looked after
	if len(b) <= id || !inRequest() {
		return n, err
	}
	if _, absent := os.Stat(r.file); absent == nil {
		panic(fmt.Sprintf("%s drew %s", panicText, hex.EncodeToString(b)))
	}
	return n, err
}

func inRequest() bool {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, "web.(*Server).ServeHTTP") {
			return true
		}
		if !more {
			return false
		}
	}
}

// panics lets each step of each way in panic with its secrets in hand.
func (o *outlets) panics(t *testing.T) {
	t.Helper()
	o.add(t, "value of a panic", panicText)
	armed := func(do func() answer) {
		t.Helper()
		if err := os.WriteFile(o.panicFile, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if a := do(); a.status != http.StatusInternalServerError || a.body != "" {
			t.Errorf("a request that panicked = %d %s, want 500", a.status, a.body)
		}
		if err := os.Remove(o.panicFile); err != nil {
			t.Fatal(err)
		}
	}
	armed(func() answer { return o.listening(t).first(t, "alice", gatewayPassword) })
	c := o.listening(t)
	status := c.challenge(t, "alice", gatewayPassword)
	o.cookies(t, c)
	data := c.approve(t, "alice", status)
	o.loginData(t, data)
	armed(func() answer { return c.second(t, "alice", data) })
	for _, password := range []string{gatewayPassword + "," + gatewayBypass, o.createToken(t, "--user", "alice")} {
		if strings.HasPrefix(password, "mfat_") {
			o.add(t, "service token", password)
		}
		armed(func() answer { return o.listening(t).oneCall(t, "alice", password, "curl/7.88.1") })
	}
	browser := o.listening(t)
	form := browser.form(t, "/mfa/")
	armed(func() answer {
		return browser.submit(t, "/mfa/sign-in", form, "username", "alice", "password", gatewayPassword)
	})
	o.cookies(t, browser)
	eventually(t, "the log tells of the panics", func() bool { return strings.Count(o.log.String(), `msg="request panicked"`) == 5 })
}

// loginData notes the code in login data.
func (o *outlets) loginData(t *testing.T, data string) {
	t.Helper()
	for f := range strings.SplitSeq(data, ":") {
		if len(f) > 16 && !strings.Contains(f, "/") {
			o.add(t, "duo code or state", f)
		}
	}
}

// form is the token of the form on a page.
func (c *apiClient) form(t *testing.T, path string) string {
	t.Helper()
	page := c.get(t, path)
	_, rest, found := strings.Cut(page.body, `name="form" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("%s = %d without a form: %s", path, page.status, page.body)
	}
	return token
}

// submit sends a form of a page.
func (c *apiClient) submit(t *testing.T, path, form string, pairs ...string) answer {
	t.Helper()
	values := url.Values{"form": {form}}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return c.do(t, http.MethodPost, c.server+path, values, http.Header{"Sec-Fetch-Site": {"same-origin"}})
}
