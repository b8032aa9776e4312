package compat_test

import (
	"fmt"
	"net/url"
)

// login is one login as an SDK sees it.
type login struct {
	host, id, secret string
	now              int64
	state, nonce     string
}

// encoding is where an SDK puts the parameters of a POST.
type encoding string

const (
	inBody      encoding = "urlencoded body"
	inQuery     encoding = "query and an empty body"
	inMultipart encoding = "multipart body"
)

// shape is how one SDK writes its requests. Claims are texts, so that types
// and order are those of the SDK.
type shape struct {
	name      string
	header    string // JOSE
	assertion func(l login, endpoint, jti string) string
	request   func(l login) string
	query     func(l login, request string) string
	method    string // of authorize
	health    encoding
	token     encoding
	noID      bool // no client_id at the token endpoint
	code      string
	nonce     bool
}

const (
	algFirst = `{"alg":"HS512","typ":"JWT"}`
	typFirst = `{"typ":"JWT","alg":"HS512"}`
	algAlone = `{"alg":"HS512"}`
)

func shapes() []shape {
	javaOld := java("Java 1.0.3", `"True"`)
	return []shape{
		java("Java 1.3.1", "true"), javaOld, python(), node(), php(),
		csharp("C# 1.3.1", "code", ""), csharp("C# 1.3.1 with duo_code", "duo_code", `,"use_duo_code_attribute":"true"`),
		golang(), postman(),
	}
}

// java: HashMap order, an hour of life, neither iss nor aud in the request, a
// redirect_uri that is not escaped, no client_id at the token endpoint.
func java(name, useDuoCode string) shape {
	return shape{
		name: name, header: typFirst, method: "GET", health: inBody, token: inBody, noID: true, code: "duo_code",
		assertion: func(l login, endpoint, jti string) string {
			return fmt.Sprintf(`{"sub":%q,"aud":"https://%s%s","iss":%q,"exp":%d,"jti":%q}`, l.id, l.host, endpoint, l.id, l.now+3600, jti)
		},
		request: func(l login) string {
			return fmt.Sprintf(`{"duo_uname":"test1","scope":"openid","response_type":"code","redirect_uri":%q,"state":%q,"exp":%d,"use_duo_code_attribute":%s,"client_id":%q}`,
				redirectURI, l.state, l.now+3600, useDuoCode, l.id)
		},
		query: func(l login, request string) string {
			return "scope=openid&response_type=code&redirect_uri=" + redirectURI + "&client_id=" + l.id + "&request=" + request
		},
	}
}

// python: exp as a float, the nonce in the query, the token call in the query.
func python() shape {
	return shape{
		name: "Python 2.3.1", header: algFirst, method: "GET", health: inBody, token: inQuery, code: "duo_code", nonce: true,
		assertion: func(l login, endpoint, jti string) string {
			return fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":"https://%s%s","exp":%d.5235999,"jti":%q}`, l.id, l.id, l.host, endpoint, l.now+299, jti)
		},
		request: func(l login) string {
			return fmt.Sprintf(`{"scope":"openid","redirect_uri":%q,"client_id":%q,"iss":%q,"aud":"https://%s","exp":%d.25,"state":%q,"response_type":"code","duo_uname":"test1","use_duo_code_attribute":true}`,
				redirectURI, l.id, l.id, l.host, l.now+299, l.state)
		},
		query: func(l login, request string) string {
			return "response_type=code&client_id=" + l.id + "&request=" + request + "&nonce=" + l.nonce
		},
	}
}

// node: no typ in the header, iat in assertions.
func node() shape {
	return shape{
		name: "Node 3.0.1", header: algAlone, method: "GET", health: inBody, token: inBody, code: "duo_code",
		assertion: func(l login, endpoint, jti string) string {
			return fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":"https://%s%s","jti":%q,"iat":%d,"exp":%d}`, l.id, l.id, l.host, endpoint, jti, l.now, l.now+300)
		},
		request: func(l login) string {
			return fmt.Sprintf(`{"scope":"openid","redirect_uri":%q,"client_id":%q,"iss":%q,"aud":"https://%s","exp":%d,"state":%q,"response_type":"code","duo_uname":"test1","use_duo_code_attribute":true}`,
				redirectURI, l.id, l.id, l.host, l.now+300, l.state)
		},
		query: func(l login, request string) string {
			return "response_type=code&client_id=" + l.id + "&request=" + request + "&redirect_uri=" + url.QueryEscape(redirectURI) + "&scope=openid"
		},
	}
}

// php: typ first, iat in assertions, multipart bodies.
func php() shape {
	s := node()
	s.name, s.header, s.health, s.token = "PHP 1.1.1", typFirst, inMultipart, inMultipart
	s.query = func(l login, request string) string {
		return "response_type=code&client_id=" + l.id + "&scope=openid&redirect_uri=" + url.QueryEscape(redirectURI) + "&request=" + request
	}
	return s
}

// csharp: numbers as strings, aud is the authorize URL, a jti in the request.
func csharp(name, code, useDuoCode string) shape {
	return shape{
		name: name, header: algFirst, method: "GET", health: inBody, token: inBody, code: code,
		assertion: func(l login, endpoint, jti string) string {
			return fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":"https://%s%s","exp":"%d","jti":%q}`, l.id, l.id, l.host, endpoint, l.now+300, jti)
		},
		request: func(l login) string {
			return fmt.Sprintf(`{"scope":"openid","redirect_uri":%q,"client_id":%q,"iss":%q,"aud":"https://%s/oauth/v1/authorize","exp":"%d","state":%q,"response_type":"code","duo_uname":"test1","jti":"c-sharp"%s}`,
				redirectURI, l.id, l.id, l.host, l.now+300, l.state, useDuoCode)
		},
		query: func(l login, request string) string {
			return "response_type=code&client_id=" + l.id + "&request=" + request
		},
	}
}

// golang: aud as an array, claims and query in alphabetical order.
func golang() shape {
	return shape{
		name: "Go 1.1.0", header: algFirst, method: "GET", health: inBody, token: inBody, code: "duo_code",
		assertion: func(l login, endpoint, jti string) string {
			return fmt.Sprintf(`{"aud":["https://%s%s"],"exp":%d,"iss":%q,"jti":%q,"sub":%q}`, l.host, endpoint, l.now+300, l.id, jti, l.id)
		},
		request: func(l login) string {
			return fmt.Sprintf(`{"aud":["https://%s"],"client_id":%q,"duo_uname":"test1","exp":%d,"iss":%q,"redirect_uri":%q,"response_type":"code","scope":"openid","state":%q,"use_duo_code_attribute":true}`,
				l.host, l.id, l.now+300, l.id, redirectURI, l.state)
		},
		query: func(l login, request string) string {
			return "client_id=" + l.id + "&request=" + request + "&response_type=code"
		},
	}
}

// postman: everything in the query, authorize by POST, the nonce twice.
func postman() shape {
	s := golang()
	s.name, s.method, s.health, s.token, s.nonce = "Postman", "POST", inQuery, inQuery, true
	s.request = func(l login) string {
		return fmt.Sprintf(`{"response_type":"code","scope":"openid","exp":%d,"client_id":%q,"redirect_uri":%q,"state":%q,"duo_uname":"test1","nonce":%q,"use_duo_code_attribute":true}`,
			l.now+300, l.id, redirectURI, l.state, l.nonce)
	}
	s.query = func(l login, request string) string {
		return "response_type=code&client_id=" + l.id + "&request=" + request + "&redirect_uri=" + url.QueryEscape(redirectURI) +
			"&scope=openid&state=" + l.state + "&nonce=" + l.nonce
	}
	return s
}
