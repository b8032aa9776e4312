package duoclient_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"

	"mfaserver/duoclient"
)

// FuzzParseIDToken: no token panics, and what is accepted is signed with our
// secret and says allow for the user asked for.
func FuzzParseIDToken(f *testing.F) {
	u, issuer := verifier(f)
	good := signed(f, genuine(issuer, nil))
	f.Add(good, "")
	f.Add(good+"=", "")
	f.Add(strings.Repeat(".", 100), "")
	f.Add("", toJSON(f, genuine(issuer, nil)))
	f.Add("", toJSON(f, genuine(issuer, claims{"aud": []string{clientID}, "jti": "1"})))
	f.Add("", `{"iss":"a","ISS":"b","x":"\ud800","y":[[[[]]]],"exp":1e9}`)
	f.Add("a.b.c", "[[[")
	f.Fuzz(func(t *testing.T, token, payload string) {
		u.SetRemembered(4)
		for _, candidate := range []string{token, sign(header, payload, sha512.New, clientSecret)} {
			id, err := u.Verify(candidate, asked())
			if err != nil {
				if id != nil || duoclient.Classify(err) != duoclient.ClassRefusal {
					t.Fatalf("Verify = %v, %v", id, err)
				}
				continue
			}
			if id.Username != username {
				t.Fatalf("accepted %q for %q", candidate, id.Username)
			}
			if _, err := duoclient.OpenJWT(candidate, []byte(clientSecret)); err != nil {
				t.Fatalf("accepted but not ours: %v", err)
			}
		}
	})
}

// FuzzParseObject: what is taken is JSON to the standard library too.
func FuzzParseObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":[1,{"b":null}]}`, `{"a":1,"A":2}`, `{"\ud83d\ude00":"\\u"}`, `{"a":"\u`, `[`, `{"a":"` + "\xff" + `"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := duoclient.ParseObject(data)
		if err != nil {
			return
		}
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil || len(m) != len(o) {
			t.Fatalf("taken, but the standard library says %v (%d members, %d)", err, len(m), len(o))
		}
	})
}

// FuzzRoots: what is taken for a bundle of roots is certificates and nothing
// else, and their text can be read again.
func FuzzRoots(f *testing.F) {
	f.Add(duoclient.DuoRoots)
	f.Add(newTestCA(f).pem)
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Add([]byte("hello"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ca, err := duoclient.CAPEM(data)
		if err != nil {
			if !errors.Is(err, duoclient.ErrConfig) || !ca.IsZero() {
				t.Fatalf("CAPEM = %v, %v", ca, err)
			}
			return
		}
		roots, err := ca.Roots()
		if err != nil || len(roots) == 0 || bytes.Count(data, []byte("-----BEGIN")) < len(roots) {
			t.Fatalf("%d roots, %v", len(roots), err)
		}
	})
}

// FuzzPages: a mark of the next page moves a list on, or ends it.
func FuzzPages(f *testing.F) {
	for _, seed := range []string{`{"next_offset":300}`, `{"next_offset":"300"}`, `{"next_offset":null}`, `{}`, `{"next_offset":-1}`, `{"next_offset":1.5}`, `[]`, `{"next_offset":{}}`} {
		f.Add([]byte(seed), "0")
	}
	f.Add([]byte(`["1700000000000","abc"]`), "")
	f.Fuzz(func(t *testing.T, metadata []byte, from string) {
		if next, err := duoclient.NextOffset(metadata, from); err == nil && next != "" {
			a, errA := strconv.ParseUint(from, 10, 64)
			b, errB := strconv.ParseUint(next, 10, 64)
			if errA != nil || errB != nil || b <= a {
				t.Fatalf("from %q to %q", from, next)
			}
		}
		if text, ok := duoclient.Cursor(metadata); !ok && text != "" {
			t.Fatalf("no cursor, and %q", text)
		}
	})
}
