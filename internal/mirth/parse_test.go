package mirth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mfaserver/internal/mirth"
)

const (
	typeXML  = "application/xml"
	typeJSON = "application/json"
)

// loginXML wraps inner in the root of a plain status.
func loginXML(inner string) string {
	const root = "com.mirth.connect.model.LoginStatus"
	return "<" + root + ">" + inner + "</" + root + ">"
}

func loginJSON(inner string) string { return `{"com.mirth.connect.model.LoginStatus":{` + inner + `}}` }

const successXML = "<status>SUCCESS</status><message></message>"

// Threat T012: an answer that only looks like success is refused, and the
// error says by which rule.
func TestParseLoginStatusRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50)
	tests := []struct {
		name, contentType, body string
		want                    error
	}{
		{"HTML", "text/html", "<html><body>SUCCESS</body></html>", mirth.ErrBodyContentType},
		{"HTML called XML", typeXML, "<html><body>SUCCESS</body></html>", mirth.ErrUnknownRoot},
		{"no content type", "", loginXML(successXML), mirth.ErrBodyContentType},
		{"text/xml", "text/xml", loginXML(successXML), mirth.ErrBodyContentType},
		{"Latin-1 by header", typeXML + "; charset=ISO-8859-1", loginXML(successXML), mirth.ErrBodyCharset},
		{"Latin-1 by declaration", typeXML, `<?xml version="1.0" encoding="ISO-8859-1"?>` + loginXML(successXML), mirth.ErrBodyMarkup},
		{"UTF-16", typeXML, "\xff\xfe<\x00s\x00", mirth.ErrBodyCharset},
		{"UTF-16 without mark", typeXML, "<\x00s\x00t\x00", mirth.ErrBodyMalformed},
		{"byte order mark", typeXML, "\xEF\xBB\xBF" + loginXML(successXML), mirth.ErrBodyCharset},
		{"Latin-1 bytes", typeXML, loginXML("<status>SUCCESS</status><message>\xe9</message>"), mirth.ErrBodyCharset},
		{"empty", typeXML, "", mirth.ErrBodyRoots},
		{"white space", typeXML, " \n", mirth.ErrBodyRoots},
		{"text", typeXML, "SUCCESS", mirth.ErrBodyMalformed},
		{"JSON called XML", typeXML, loginJSON(`"status":"SUCCESS"`), mirth.ErrBodyMalformed},
		{"XML called JSON", typeJSON, loginXML(successXML), mirth.ErrBodyMalformed},
		{"truncated", typeXML, loginXML(successXML)[:60], mirth.ErrBodyMalformed},
		{"crossed tags", typeXML, loginXML("<status>SUCCESS</message></status>"), mirth.ErrBodyMalformed},
		{"end tag too many", typeXML, loginXML(successXML) + "</a>", mirth.ErrBodyMalformed},
		{"text after the root", typeXML, loginXML(successXML) + "x", mirth.ErrBodyMalformed},
		{"text before the root", typeXML, "x" + loginXML(successXML), mirth.ErrBodyMalformed},
		{"text between elements", typeXML, loginXML("x" + successXML), mirth.ErrBodyMalformed},
		{"NUL reference", typeXML, loginXML("<status>SUCCESS</status><message>&#0;</message>"), mirth.ErrBodyMalformed},
		{"control reference", typeXML, loginXML("<status>SUCCESS</status><message>&#x1b;</message>"), mirth.ErrBodyMalformed},
		{"unknown entity", typeXML, loginXML("<status>&xxe;</status>"), mirth.ErrBodyMalformed},
		{"second root", typeXML, loginXML(successXML) + loginXML(successXML), mirth.ErrBodyRoots},
		{"second root of another type", typeXML, "<a/>" + loginXML(successXML), mirth.ErrBodyRoots},
		{"success in a comment", typeXML, loginXML("<!-- <status>SUCCESS</status> -->"), mirth.ErrBodyMarkup},
		{"status split by a comment", typeXML, loginXML("<status>SUCC<!-- -->ESS</status>"), mirth.ErrBodyMarkup},
		{"comment after the root", typeXML, loginXML(successXML) + "<!-- -->", mirth.ErrBodyMarkup},
		{"status in CDATA", typeXML, loginXML("<status><![CDATA[SUCCESS]]></status>"), mirth.ErrBodyMarkup},
		{"DTD", typeXML, `<!DOCTYPE a>` + loginXML(successXML), mirth.ErrBodyMarkup},
		{
			"external entity", typeXML,
			`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + loginXML("<status>&x;</status>"), mirth.ErrBodyMarkup,
		},
		{"processing instruction", typeXML, `<?php x?>` + loginXML(successXML), mirth.ErrBodyMarkup},
		{"XML 1.1", typeXML, `<?xml version="1.1"?>` + loginXML(successXML), mirth.ErrBodyMarkup},
		{"declaration twice", typeXML, strings.Repeat(`<?xml version="1.0"?>`, 2) + loginXML(successXML), mirth.ErrBodyMarkup},
		{"declaration after white space", typeXML, ` <?xml version="1.0"?>` + loginXML(successXML), mirth.ErrBodyMarkup},
		{"status by reference", typeXML, loginXML("<status>&#83;UCCESS</status>"), mirth.ErrBodyMarkup},
		{"status tag with a space", typeXML, loginXML("<status >SUCCESS</status>"), mirth.ErrBodyMarkup},
		{"attribute", typeXML, loginXML(`<status class="x">SUCCESS</status>`), mirth.ErrAttribute},
		{"name space", typeXML, strings.Replace(loginXML(successXML), ">", ` xmlns="urn:x">`, 1), mirth.ErrAttribute},
		{"prefix", typeXML, loginXML("<x:status>SUCCESS</x:status>"), mirth.ErrUnknownElement},
		{"prefixed root", typeXML, "<x:a>" + successXML + "</x:a>", mirth.ErrUnknownRoot},
		{"fifty levels", typeXML, deep, mirth.ErrBodyDepth},
		{"fifty levels inside", typeXML, loginXML(deep), mirth.ErrBodyDepth},
		{"too large", typeXML, loginXML("<message>" + strings.Repeat("a", 64<<10) + "</message>"), mirth.ErrBodySize},
		{"two statuses", typeXML, loginXML("<status>FAIL</status><status>SUCCESS</status>"), mirth.ErrDuplicateElement},
		{"two equal statuses", typeXML, loginXML("<status>SUCCESS</status><status>SUCCESS</status>"), mirth.ErrDuplicateElement},
		{"no status", typeXML, loginXML("<message></message>"), mirth.ErrMissingElement},
		{"nothing inside", typeXML, loginXML(""), mirth.ErrMissingElement},
		{"only text inside", typeXML, loginXML("SUCCESS"), mirth.ErrMissingElement},
		{"unknown element", typeXML, loginXML(successXML + "<admin>true</admin>"), mirth.ErrUnknownElement},
		{"other case", typeXML, loginXML("<Status>SUCCESS</Status>"), mirth.ErrUnknownElement},
		{"status nested", typeXML, loginXML("<status><status>SUCCESS</status></status>"), mirth.ErrValue},
		{"status one deeper", typeXML, loginXML("<a><status>SUCCESS</status></a>"), mirth.ErrUnknownElement},
		{"unknown status", typeXML, loginXML("<status>OK</status>"), mirth.ErrUnknownStatus},
		{"lower case", typeXML, loginXML("<status>success</status>"), mirth.ErrUnknownStatus},
		{"white space around", typeXML, loginXML("<status> SUCCESS</status>"), mirth.ErrUnknownStatus},
		{"empty status", typeXML, loginXML("<status/>"), mirth.ErrUnknownStatus},
		{"long s", typeXML, loginXML("<status>ſUCCESS</status>"), mirth.ErrUnknownStatus},
		{"root of another case", typeXML, "<LoginStatus>" + successXML + "</LoginStatus>", mirth.ErrUnknownRoot},
		{"duo field in a plain status", typeXML, loginXML(successXML + "<authURL>x</authURL>"), mirth.ErrUnknownElement},

		{"JSON, empty", typeJSON, "", mirth.ErrBodyMalformed},
		{"JSON, array", typeJSON, "[]", mirth.ErrBodyMalformed},
		{"JSON, no root", typeJSON, "{}", mirth.ErrBodyRoots},
		{"JSON, two roots", typeJSON, `{"a":{},"b":{}}`, mirth.ErrBodyRoots},
		{"JSON, root twice", typeJSON, `{"a":{},"a":{}}`, mirth.ErrDuplicateElement},
		{"JSON, more after it", typeJSON, loginJSON(`"status":"SUCCESS"`) + "{}", mirth.ErrBodyMalformed},
		{"JSON, trailing comma", typeJSON, loginJSON(`"status":"SUCCESS",`), mirth.ErrBodyMalformed},
		{"JSON, truncated", typeJSON, `{"a":{"status":"SUCCESS"`, mirth.ErrBodyMalformed},
		{"JSON, status twice", typeJSON, loginJSON(`"status":"FAIL","status":"SUCCESS"`), mirth.ErrDuplicateElement},
		{"JSON, status by another spelling", typeJSON, loginJSON(`"status":"FAIL","\u0073tatus":"SUCCESS"`), mirth.ErrDuplicateElement},
		{"JSON, other case", typeJSON, loginJSON(`"STATUS":"SUCCESS"`), mirth.ErrUnknownElement},
		{"JSON, status a number", typeJSON, loginJSON(`"status":1`), mirth.ErrValue},
		{"JSON, status true", typeJSON, loginJSON(`"status":true`), mirth.ErrValue},
		{"JSON, status null", typeJSON, loginJSON(`"status":null`), mirth.ErrUnknownStatus},
		{"JSON, status an array", typeJSON, loginJSON(`"status":["SUCCESS"]`), mirth.ErrValue},
		{"JSON, status an object", typeJSON, loginJSON(`"status":{"status":"SUCCESS"}`), mirth.ErrValue},
		{"JSON, lone surrogate", typeJSON, loginJSON(`"status":"FAIL","message":"\ud800"`), mirth.ErrBodyCharset},
		{"JSON, swapped surrogates", typeJSON, loginJSON(`"status":"FAIL","message":"\udc00\ud800"`), mirth.ErrBodyCharset},
		{"JSON, NUL", typeJSON, loginJSON(`"status":"FAIL","message":"\u0000"`), mirth.ErrBodyMalformed},
		{"JSON, not UTF-8", typeJSON, loginJSON("\"status\":\"FAIL\",\"message\":\"\xff\""), mirth.ErrBodyCharset},
		{"JSON, deep", typeJSON, strings.Repeat(`{"a":`, 50) + "1" + strings.Repeat("}", 50), mirth.ErrBodyDepth},
		{"JSON, unknown root", typeJSON, `{"LoginStatus":{"status":"SUCCESS"}}`, mirth.ErrUnknownRoot},
		{"JSON, the server's own error", typeJSON, `{"message":"Unauthorized","status":"401"}`, mirth.ErrBodyRoots},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := mirth.ParseLoginStatus([]byte(tt.body), tt.contentType)
			if !errors.Is(err, tt.want) || got != nil {
				t.Errorf("ParseLoginStatus(%.200q) = %+v, %v, want %v", tt.body, got, err, tt.want)
			}
		})
	}
}

func TestParseLoginStatusAccepts(t *testing.T) {
	t.Parallel()
	want := mirth.LoginStatus{Status: mirth.StatusSuccess, Message: "a&b", UpdatedUsername: "é𝄞"}
	const inner = "<status>SUCCESS</status><message>a&amp;b</message><updatedUsername>é&#x1D11E;</updatedUsername>"
	tests := []struct{ name, contentType, body string }{
		{"compact", typeXML, loginXML(inner)},
		{"charset", "Application/XML; charset=UTF-8", loginXML(inner)},
		{"declaration", typeXML, `<?xml version="1.0" encoding="utf-8" standalone="yes"?>` + "\n" + loginXML(inner) + "\n"},
		{"single quotes", typeXML, `<?xml version='1.0'?>` + loginXML(inner)},
		{"other order", typeXML, loginXML("<updatedUsername>é𝄞</updatedUsername><message>a&#38;b</message><status>SUCCESS</status>")},
		{"JSON", typeJSON, loginJSON(`"status":"SUCCESS","message":"a&b","updatedUsername":"é\ud834\udd1e"`)},
		{"JSON, spaced", typeJSON, " { \"com.mirth.connect.model.LoginStatus\" : {\n\"status\":\"SUCCESS\"," +
			"\"message\":\"a\\u0026b\",\"updatedUsername\":\"é𝄞\"}}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := mirth.ParseLoginStatus([]byte(tt.body), tt.contentType)
			if err != nil || got != want {
				t.Errorf("ParseLoginStatus(%q) = %+v, %v, want %+v", tt.body, got, err, want)
			}
		})
	}
}

func TestParseUserRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, contentType, body string
		want                    error
	}{
		{"other root", typeXML, "<users><id>1</id><username>a</username></users>", mirth.ErrUnknownRoot},
		{"list", typeXML, "<list><user><id>1</id><username>a</username></user></list>", mirth.ErrUnknownRoot},
		{"no id", typeXML, "<user><username>a</username></user>", mirth.ErrMissingElement},
		{"no username", typeXML, "<user><id>1</id></user>", mirth.ErrMissingElement},
		{"empty username", typeXML, "<user><id>1</id><username/></user>", mirth.ErrMissingElement},
		{"username twice", typeXML, "<user><id>1</id><username>a</username><username>b</username></user>", mirth.ErrDuplicateElement},
		{"username of another case", typeXML, "<user><id>1</id><Username>a</Username></user>", mirth.ErrMissingElement},
		{"username split by a comment", typeXML, "<user><id>1</id><username>a<!-- -->b</username></user>", mirth.ErrBodyMarkup},
		{"username with an element", typeXML, "<user><id>1</id><username><b/></username></user>", mirth.ErrValue},
		{"id 0", typeXML, "<user><id>0</id><username>a</username></user>", mirth.ErrValue},
		{"id with a sign", typeXML, "<user><id>+1</id><username>a</username></user>", mirth.ErrValue},
		{"id with zeros", typeXML, "<user><id>01</id><username>a</username></user>", mirth.ErrValue},
		{"id too large", typeXML, "<user><id>2147483648</id><username>a</username></user>", mirth.ErrValue},
		{"consent", typeXML, "<user><id>1</id><username>a</username><userConsent>yes</userConsent></user>", mirth.ErrValue},
		{"time", typeXML, "<user><id>1</id><username>a</username><lastLogin>1</lastLogin></user>", mirth.ErrValue},
		{"time empty", typeXML, "<user><id>1</id><username>a</username><lastLogin><timezone>UTC</timezone></lastLogin></user>", mirth.ErrMissingElement},
		{"time unknown", typeXML, "<user><id>1</id><username>a</username><lastLogin><x/></lastLogin></user>", mirth.ErrUnknownElement},
		{"time negative", typeXML, "<user><id>1</id><username>a</username><lastLogin><time>-1</time></lastLogin></user>", mirth.ErrValue},
		{"time too late", typeXML, "<user><id>1</id><username>a</username><lastLogin><time>253402300800000</time></lastLogin></user>", mirth.ErrValue},
		{"JSON id a string", typeJSON, `{"user":{"id":"1","username":"a"}}`, mirth.ErrValue},
		{"JSON id a float", typeJSON, `{"user":{"id":1.0,"username":"a"}}`, mirth.ErrValue},
		{"JSON consent a string", typeJSON, `{"user":{"id":1,"username":"a","userConsent":"true"}}`, mirth.ErrValue},
		{"JSON username a number", typeJSON, `{"user":{"id":1,"username":7}}`, mirth.ErrValue},
		{"JSON array", typeJSON, `{"user":[{"id":1,"username":"a"}]}`, mirth.ErrValue},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := mirth.ParseUser([]byte(tt.body), tt.contentType)
			if !errors.Is(err, tt.want) || got != (mirth.User{}) {
				t.Errorf("ParseUser(%q) = %+v, %v, want %v", tt.body, got, err, tt.want)
			}
		})
	}
}

func TestParseUserSkipsOtherFields(t *testing.T) {
	t.Parallel()
	const body = "<user><id>7</id><username>a</username><organization>Org</organization>" +
		"<lastStrikeTime><time>1</time></lastStrikeTime><role>x</role></user>"
	got, err := mirth.ParseUser([]byte(body), typeXML)
	want := mirth.User{ID: 7, Username: "a", NoStrikeCount: true}
	if err != nil || got != want {
		t.Errorf("ParseUser = %+v, %v, want %+v", got, err, want)
	}
}

func TestParseListAndScalarsRefuse(t *testing.T) {
	t.Parallel()
	users := func(b []byte, ct string) error { _, err := mirth.ParseUserList(b, ct); return err }
	ints := func(b []byte, ct string) error { _, err := mirth.ParseInt(b, ct); return err }
	bools := func(b []byte, ct string) error { _, err := mirth.ParseBoolean(b, ct); return err }
	tests := []struct {
		parse             func([]byte, string) error
		contentType, body string
		want              error
	}{
		{users, typeXML, "<user><id>1</id><username>a</username></user>", mirth.ErrUnknownRoot},
		{users, typeXML, "<list><channel/></list>", mirth.ErrUnknownElement},
		{users, typeXML, "<list>x</list>", mirth.ErrValue},
		{users, typeXML, "<list><user/></list>", mirth.ErrMissingElement},
		{users, typeXML, "x", mirth.ErrBodyMalformed},
		{users, typeJSON, `{"list":[]}`, mirth.ErrValue},
		{users, typeJSON, `{"list":{"user":[[]]}}`, mirth.ErrValue},
		{users, typeJSON, `{"list":{"user":[],"user":[]}}`, mirth.ErrDuplicateElement},
		{users, typeJSON, `{"list":{"user":[1]}}`, mirth.ErrMissingElement},
		{users, typeJSON, `{"list":{"user":[`, mirth.ErrBodyMalformed},
		{ints, typeXML, "<long>1</long>", mirth.ErrUnknownRoot},
		{ints, typeXML, "<int></int>", mirth.ErrValue},
		{ints, typeXML, "", mirth.ErrBodyRoots},
		{ints, typeJSON, `{"int":true}`, mirth.ErrValue},
		{bools, typeXML, "<bool>true</bool>", mirth.ErrUnknownRoot},
		{bools, typeXML, "<boolean>TRUE</boolean>", mirth.ErrValue},
		{bools, typeXML, "", mirth.ErrBodyRoots},
		{bools, typeJSON, `{"boolean":1}`, mirth.ErrValue},
	}
	for _, tt := range tests {
		if err := tt.parse([]byte(tt.body), tt.contentType); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.body, err, tt.want)
		}
	}
}

// Errors name the rule and repeat nothing of the body.
func TestErrorsSayNothingOfTheBody(t *testing.T) {
	t.Parallel()
	const canary = "canary-7261"
	for _, body := range []string{
		loginXML("<status>" + canary + "</status>"), "<" + canary + "/>", loginXML("<" + canary + "/>"), canary,
	} {
		_, err := mirth.ParseLoginStatus([]byte(body), typeXML)
		if err == nil || strings.Contains(fmt.Sprint(err), canary) {
			t.Errorf("%s: %v", body, err)
		}
	}
}
