package duoclient

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// SignatureVersion is how requests to the Auth, Admin and Accounts APIs are
// signed. Both versions use HMAC-SHA512.
type SignatureVersion int

const (
	// SignatureV5 signs the query, the body's hash and the X-Duo headers;
	// parameters of a POST travel as JSON. It is the default.
	SignatureV5 SignatureVersion = 5
	// SignatureV2 signs the parameters; those of a POST travel as a form.
	SignatureV2 SignatureVersion = 2

	signatureV4 SignatureVersion = 4 // version 5 without headers; never sent
)

// dateLayout is RFC 2822's form of a time in UTC.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 -0700"

// toSign is what a signature speaks for.
type toSign struct {
	version SignatureVersion
	date    string
	method  string
	host    string // with its port, when it has one
	path    string
	params  url.Values // version 2: query or form; else: query
	body    []byte     // not version 2
	headers [][2]string
}

// canonical is the text that is signed.
func (s toSign) canonical() []byte {
	lines := []string{
		s.date,
		strings.ToUpper(s.method),
		strings.ToLower(s.host),
		s.path,
		canonicalParams(s.params),
	}
	if s.version >= signatureV4 {
		lines = append(lines, hexSHA512(s.body))
	}
	if s.version >= SignatureV5 {
		lines = append(lines, hexSHA512(canonicalHeaders(s.headers)))
	}
	return []byte(strings.Join(lines, "\n"))
}

// authorization is the value of the Authorization header.
func (s toSign) authorization(integrationKey, secretKey string) string {
	mac := hmac.New(sha512.New, []byte(secretKey))
	_, _ = mac.Write(s.canonical()) // never fails, see hash.Hash
	credentials := integrationKey + ":" + hex.EncodeToString(mac.Sum(nil))
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
}

// canonicalParams sorts by key, then by value, and encodes all but the
// unreserved characters of RFC 3986. It is also how parameters are sent.
func canonicalParams(params url.Values) string {
	var pairs [][2]string
	for key, values := range params {
		for _, value := range values {
			pairs = append(pairs, [2]string{percent(key), percent(value)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
	var out strings.Builder
	for i, pair := range pairs {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(pair[0] + "=" + pair[1])
	}
	return out.String()
}

// percent encodes as RFC 3986 has it: QueryEscape does, but for the blank.
func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// canonicalHeaders joins names in lower case, sorted, and their values with
// NULs.
func canonicalHeaders(headers [][2]string) []byte {
	sorted := slices.Clone(headers)
	slices.SortFunc(sorted, func(a, b [2]string) int {
		return strings.Compare(strings.ToLower(a[0]), strings.ToLower(b[0]))
	})
	var out [][]byte
	for _, h := range sorted {
		out = append(out, []byte(strings.ToLower(h[0])), []byte(h[1]))
	}
	return bytes.Join(out, []byte{0})
}

func hexSHA512(data []byte) string {
	sum := sha512.Sum512(data)
	return hex.EncodeToString(sum[:])
}
