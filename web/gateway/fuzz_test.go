package gateway_test

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"mfaserver/web/gateway"
)

// Threat T140: a cookie that is taken from an answer is one that every reader
// finds in it, and goes into a header as it is.
func FuzzNewCookie(f *testing.F) {
	for _, seed := range []string{
		"JSESSIONID=node0abc.node0; Path=/api; Secure", "JSESSIONID=", `JSESSIONID="a"`, "jsessionid=a", "JSESSIONID=a b", " JSESSIONID=a", "JSESSIONID = a", "JSESSIONID=a,b", "x=y",
	} {
		f.Add(seed, "a=b")
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		if strings.ContainsAny(one+two, "\r\n") {
			return // no header has these
		}
		h := http.Header{"Set-Cookie": {one, two}}
		value, ok := gateway.NewCookie(h)
		if !ok {
			return
		}
		if value == "" || len(value) > 512 || strings.ContainsFunc(value, func(r rune) bool { return r <= 0x20 || r >= 0x7f || strings.ContainsRune(`",;\`, r) }) {
			t.Fatalf("%q, %q gave %q", one, two, value)
		}
		// net/http leaves out what has odd attributes, and leaves in the blanks
		// that RFC 6265 section 5.2 takes off; what it finds is else the same.
		for _, c := range (&http.Response{Header: h}).Cookies() {
			if c.Name == "JSESSIONID" && strings.Trim(c.Value, " \t") != value {
				t.Fatalf("%q, %q gave %q, net/http reads %q", one, two, value, c.Value)
			}
		}
		if r := (&http.Request{Header: http.Header{"Cookie": {"JSESSIONID=" + value}}}); len(r.CookiesNamed("JSESSIONID")) != 1 || r.CookiesNamed("JSESSIONID")[0].Value != value {
			t.Fatalf("%q is not read back", value)
		}
	})
}

// Threat T147: whatever the engine's launcher says, what it opens is a plain
// path below its folder, and clients are sent to us.
func FuzzLauncher(f *testing.F) {
	const home = "https://mirth.example.org:8443"
	for _, seed := range []string{
		`<jnlp codebase="https://engine:8443" href="webstart.jnlp"><resources><jar href="webstart/client-lib/a.jar"/><extension href="webstart/extensions/x.jnlp"/></resources>` +
			`<application-desc><argument>https://engine:8443</argument><argument>4.5.2</argument></application-desc></jnlp>`,
		`<jnlp><jar href="../../api/users"/><jar href="/etc/passwd"/><jar href="a//b"/><jar href="a%2fb"/></jnlp>`,
		`<!DOCTYPE jnlp [<!ENTITY x "y">]><jnlp>&x;</jnlp>`, `<x:jnlp xmlns:x="y"/>`, `<html/>`, ``, `<jnlp`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		files, ours, err := gateway.Launcher(body, "/webstart/extensions/", home)
		if err != nil {
			return
		}
		for _, file := range files {
			if !strings.HasPrefix(file, "/webstart/extensions/") || path.Clean(file) != file || strings.ContainsAny(file, "%;\\?# ") {
				t.Fatalf("%q opens %q", body, file)
			}
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(ours); err != nil {
			t.Fatalf("%q is written %q: %v", body, ours, err)
		}
		if got := doc.Root().SelectAttrValue("codebase", ""); got != home {
			t.Fatalf("%q loads from %q", ours, got)
		}
		for _, e := range doc.Root().FindElements("./application-desc/argument") {
			if text := strings.ToLower(strings.TrimSpace(e.Text())); strings.HasPrefix(text, "https://") && text != home {
				t.Fatalf("%q leads to %q", ours, text)
			}
		}
		again, _, err := gateway.Launcher(ours, "/webstart/extensions/", home)
		if err != nil || len(again) > len(files) || slices.ContainsFunc(again, func(name string) bool { return !slices.Contains(files, name) }) {
			t.Fatalf("%q opens %q, then %q, %v", body, files, again, err)
		}
	})
}
