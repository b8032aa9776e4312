package mirthtest

import (
	"net/http"
	"strings"
	"unicode/utf16"
)

const (
	typeXML  = "application/xml"
	typeJSON = "application/json"

	rootLogin    = "com.mirth.connect.model.LoginStatus"
	rootExtended = "com.mirth.connect.model.ExtendedLoginStatus"
	rootDuo      = "com.mirth.connect.plugins.mfa.model.DuoLoginStatus"

	bombSize = 32 << 20
)

// statusXML is a LoginStatus around what inner says.
func statusXML(root, inner string) string {
	return "<" + root + ">\n" + inner + "\n</" + root + ">"
}

func plainStatus(status string) string {
	return statusXML(rootLogin, "  <status>"+status+"</status>\n  <message></message>")
}

// canned is an answer with a live session behind it.
func canned(name string, status int, contentType, body string) Answer {
	return Answer{
		Name: name, Status: status, Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body), Session: true,
	}
}

// HostileLogins are answers to a login that look like success more or less,
// and two that are one (threat T012). All but one open a session.
func HostileLogins() []Answer {
	success, grace := plainStatus("SUCCESS"), plainStatus("SUCCESS_GRACE_PERIOD")
	good := canned("success", http.StatusOK, typeXML, success)
	late := canned("success in the grace period", http.StatusOK, typeXML, grace)
	good.Accepted, late.Accepted = true, true
	all := []Answer{good, late}
	all = append(all, wrongStatus(success)...)
	all = append(all, wrongMarkup(success)...)
	all = append(all, wrongForm(success)...)
	return all
}

// wrongStatus are contradictions, and words that are no status.
func wrongStatus(success string) []Answer {
	return []Answer{
		canned("401 with SUCCESS", http.StatusUnauthorized, typeXML, success),
		canned("500 with SUCCESS", http.StatusInternalServerError, typeXML, success),
		canned("201 with SUCCESS", http.StatusCreated, typeXML, success),
		canned("200 with FAIL", http.StatusOK, typeXML, plainStatus("FAIL")),
		canned("unknown status", http.StatusOK, typeXML, plainStatus("SUCCESS_MAYBE")),
		canned("lower case", http.StatusOK, typeXML, plainStatus("success")),
		canned("trailing space", http.StatusOK, typeXML, plainStatus("SUCCESS ")),
		canned("empty status", http.StatusOK, typeXML, plainStatus("")),
		canned("numeric status", http.StatusOK, typeXML, plainStatus("0")),
		canned("another second factor", http.StatusOK, typeXML, statusXML(rootExtended,
			"  <status>SUCCESS</status>\n  <clientPluginClass>com.example.Plugin</clientPluginClass>")),
		canned("the Duo plugin", http.StatusOK, typeXML, statusXML(rootDuo,
			"  <status>SUCCESS</status>\n  <primaryStatus>SUCCESS</primaryStatus>")),
		redirected(success),
	}
}

func redirected(success string) Answer {
	a := canned("redirect to another host", http.StatusFound, typeXML, success)
	a.Header.Set("Location", "https://engine.example/api/users/_login")
	return a
}

// wrongMarkup hides the word from one reader or another.
func wrongMarkup(success string) []Answer {
	status := "<status>SUCCESS</status>"
	return []Answer{
		canned("HTML", http.StatusOK, typeHTML, "<html><body>SUCCESS</body></html>"),
		canned("HTML called XML", http.StatusOK, typeXML, "<html><body><status>SUCCESS</status></body></html>"),
		canned("in a comment", http.StatusOK, typeXML, statusXML(rootLogin, "<!--"+status+"--><status>FAIL</status>")),
		canned("comment inside", http.StatusOK, typeXML, statusXML(rootLogin, "<status>SUC<!-- -->CESS</status>")),
		canned("CDATA", http.StatusOK, typeXML, statusXML(rootLogin, "<status><![CDATA[SUCCESS]]></status>")),
		canned("second status", http.StatusOK, typeXML, statusXML(rootLogin, "<status>FAIL</status>"+status)),
		canned("second root", http.StatusOK, typeXML, plainStatus("FAIL")+"\n"+success),
		canned("character reference", http.StatusOK, typeXML, plainStatus("SUCCE&#83;S")),
		canned("prefix", http.StatusOK, typeXML, statusXML(rootLogin, "<x:status>SUCCESS</x:status>")),
		canned("attribute", http.StatusOK, typeXML, strings.Replace(success, "<status>", `<status class="x">`, 1)),
		canned("nested 50 deep", http.StatusOK, typeXML,
			statusXML(rootLogin, strings.Repeat("<a>", 50)+status+strings.Repeat("</a>", 50))),
		canned("DTD with an external entity", http.StatusOK, typeXML,
			`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`+statusXML(rootLogin, status+"<message>&e;</message>")),
		canned("entities that grow", http.StatusOK, typeXML,
			`<!DOCTYPE x [<!ENTITY a "SUCCESS"><!ENTITY b "&a;&a;&a;">]>`+plainStatus("&a;")),
	}
}

// wrongForm are bodies that are not what their header says.
func wrongForm(success string) []Answer {
	json := `{"` + rootLogin + `":{"status":"SUCCESS","message":null}}`
	truncated := canned("truncated", http.StatusOK, typeXML, success)
	truncated.Header.Set("Content-Length", "1000")
	bomb := canned("gzip bomb", http.StatusOK, typeXML, "")
	bomb.Body = zipped([]byte(success + strings.Repeat(" ", bombSize)))
	bomb.Header.Set("Content-Encoding", "gzip")
	zip := canned("gzip", http.StatusOK, typeXML, "")
	zip.Body = zipped([]byte(success))
	zip.Header.Set("Content-Encoding", "gzip")
	bare := canned("no cookie", http.StatusOK, typeXML, success)
	bare.Session = false
	odd := canned("a cookie that no engine makes", http.StatusOK, typeXML, success)
	odd.Session = false
	odd.Header.Set("Set-Cookie", `JSESSIONID="node0 x"; Path=/api`)
	two := canned("two cookies", http.StatusOK, typeXML, success)
	two.Header.Set("Set-Cookie", "JSESSIONID=node0another.node0; Path=/api")
	return []Answer{
		canned("JSON called XML", http.StatusOK, typeXML, json),
		canned("XML called JSON", http.StatusOK, typeJSON, success),
		canned("JSON with two statuses", http.StatusOK, typeJSON,
			`{"`+rootLogin+`":{"status":"FAIL","status":"SUCCESS","message":null}}`),
		canned("JSON with two roots", http.StatusOK, typeJSON, `{"x":null,`+json[1:]),
		canned("UTF-16", http.StatusOK, typeXML, utf16Text(success)),
		canned("UTF-16 charset", http.StatusOK, typeXML+";charset=utf-16", utf16Text(success)),
		canned("too long", http.StatusOK, typeXML, success+strings.Repeat("\n", 64<<10)),
		canned("no content type", http.StatusOK, "", success),
		canned("empty", http.StatusOK, typeXML, ""),
		truncated, bomb, zip, bare, odd, two,
	}
}

// utf16Text is big-endian with a byte order mark.
func utf16Text(s string) string {
	var b strings.Builder
	for _, u := range append([]uint16{0xFEFF}, utf16.Encode([]rune(s))...) {
		b.WriteByte(byte(u >> 8))
		b.WriteByte(byte(u))
	}
	return b.String()
}

// HostileHeader are headers that no engine should send and no gateway should
// pass on (threat T148).
func HostileHeader() http.Header {
	return http.Header{
		"Server":                           {"Jetty(9.4.57)"},
		"X-Powered-By":                     {"Servlet/3.1"},
		"Set-Cookie":                       {"JSESSIONID=node0planted.node0; Path=/api", "__Host-mfa=planted; Path=/; Secure"},
		"Set-Cookie2":                      {"JSESSIONID=planted"},
		"Clear-Site-Data":                  {`"*"`},
		"Alt-Svc":                          {`h3="engine.example:443"; ma=86400`},
		"Access-Control-Allow-Origin":      {"https://evil.example"},
		"Access-Control-Allow-Credentials": {"true"},
		"Access-Control-Expose-Headers":    {"*"},
		"Strict-Transport-Security":        {"max-age=0"},
		"Content-Security-Policy":          {"default-src *"},
		"X-Frame-Options":                  {"ALLOWALL"},
		"Public-Key-Pins":                  {`pin-sha256="x"; max-age=1`},
		"Refresh":                          {"0; url=https://evil.example/"},
		"Link":                             {"<https://evil.example/>; rel=preload"},
		"Nel":                              {`{"report_to":"x"}`},
		"Report-To":                        {`{"group":"x","endpoints":[{"url":"https://evil.example/"}]}`},
		"Sourcemap":                        {"https://evil.example/map"},
		"Www-Authenticate":                 {`Basic realm="engine"`},
		"Proxy-Authenticate":               {"Basic"},
		"Proxy-Connection":                 {"keep-alive"},
		"Keep-Alive":                       {"timeout=1"},
		"X-Accel-Redirect":                 {"/internal"},
		"X-Sendfile":                       {"/etc/passwd"},
		"Service-Worker-Allowed":           {"/"},
	}
}
