package duotest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// signedParts is what a signature may speak for. Clients differ in what they
// do, so verify tries what the service takes.
type signedParts struct {
	method, path, date string
	hosts              []string
	query, form        [][2]string // decoded, in their order
	formBody           bool        // the body, if any, is urlencoded
	json               bool        // the body is a JSON object
	body               []byte
	headers            [][2]string // X-Duo-..., sorted by lower-case name
}

// hostsOf are the names that a client may have signed: the Host header's, and
// that one without its port or with the listener's.
func hostsOf(r *http.Request, apiHost string) []string {
	sent := strings.ToLower(r.Host)
	out := []string{sent}
	if name, _, err := net.SplitHostPort(sent); err == nil {
		if strings.Contains(name, ":") {
			name = "[" + name + "]"
		}
		return append(out, name)
	}
	if _, port, err := net.SplitHostPort(apiHost); err == nil {
		out = append(out, sent+":"+port)
	}
	return out
}

// xDuoHeaders are the headers that version 5 signs.
func xDuoHeaders(h http.Header) [][2]string {
	var out [][2]string
	for name, values := range h {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-duo-") {
			for _, v := range values {
				out = append(out, [2]string{lower, v})
			}
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

// verify compares a hexadecimal signature with every form that counts and
// says of which version it is: 2, 4, 5, or 0 when it is wrong. Version 1, which
// has no date, and version 3 do not count.
func (p *signedParts) verify(secret, signature string) int {
	given, err := hex.DecodeString(signature)
	if err != nil {
		return 0
	}
	var algorithm func() hash.Hash
	switch len(given) {
	case sha1.Size:
		algorithm = sha1.New
	case sha512.Size:
		algorithm = sha512.New
	default:
		return 0
	}
	for _, candidate := range p.canonicalTexts(len(given) == sha512.Size) {
		mac := hmac.New(algorithm, []byte(secret))
		mac.Write([]byte(candidate.text))
		if subtle.ConstantTimeCompare(mac.Sum(nil), given) == 1 {
			return candidate.version
		}
	}
	return 0
}

// canonical is a text that may have been signed.
type canonical struct {
	version int
	text    string
}

// canonicalTexts are the candidates: version 2, and with SHA-512 also versions
// 5 and 4.
func (p *signedParts) canonicalTexts(long bool) []canonical {
	var out []canonical
	for _, host := range p.hosts {
		head := p.date + "\n" + strings.ToUpper(p.method) + "\n" + host + "\n" + p.path + "\n"
		if p.formBody || len(p.body) == 0 {
			for _, params := range canonicalForms(append(slices.Clone(p.query), p.form...)) {
				out = append(out, canonical{2, head + params})
			}
		}
		if !long {
			continue
		}
		for _, params := range canonicalForms(p.query) {
			four := head + params + "\n" + hexSHA512(p.body)
			out = append(out, canonical{4, four})
			for _, headers := range p.headerForms() {
				out = append(out, canonical{5, four + "\n" + hexSHA512(headers)})
			}
		}
	}
	return out
}

// headerForms are the three things that clients take for the X-Duo headers:
// all, all but X-Duo-Date, none.
func (p *signedParts) headerForms() [][]byte {
	join := func(date bool) []byte {
		var parts [][]byte
		for _, h := range p.headers {
			if date || h[0] != "x-duo-date" {
				parts = append(parts, []byte(h[0]), []byte(h[1]))
			}
		}
		return bytes.Join(parts, []byte{0})
	}
	out := [][]byte{join(true), join(false), nil}
	return slices.CompactFunc(out, bytes.Equal)
}

// canonicalForms encodes parameters sorted as the service's clients do: by
// encoded name and value, by the finished pairs (C#), by raw bytes (Go).
func canonicalForms(params [][2]string) []string {
	encoded := func(sort func(a, b [2]string) int, before bool) string {
		pairs := slices.Clone(params)
		if before {
			slices.SortFunc(pairs, sort)
		}
		for i, p := range pairs {
			pairs[i] = [2]string{percent(p[0]), percent(p[1])}
		}
		if !before {
			slices.SortFunc(pairs, sort)
		}
		out := make([]string, 0, len(pairs))
		for _, p := range pairs {
			out = append(out, p[0]+"="+p[1])
		}
		return strings.Join(out, "&")
	}
	byName := func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	}
	finished := func(a, b [2]string) int { return strings.Compare(a[0]+"="+a[1], b[0]+"="+b[1]) }
	forms := []string{encoded(byName, false), encoded(finished, false), encoded(byName, true)}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// percent encodes all but the unreserved characters of RFC 3986.
func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func hexSHA512(data []byte) string {
	sum := sha512.Sum512(data)
	return hex.EncodeToString(sum[:])
}
