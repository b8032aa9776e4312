package duoclient_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/url"
	"os"
	"strings"
	"testing"

	"mfaserver/duoclient"
)

// vector is a published signature.
type vector struct {
	ID            string
	Version       duoclient.SignatureVersion
	HMAC          string
	IKey, SKey    string
	Method, Host  string
	Path, Date    string
	Params        [][2]string
	Body          string
	XDuoHeaders   [][2]string `json:"x_duo_headers"`
	Signature     string
	Authorization string
}

// TestSignatureVectors shows the signatures of Duo's own clients.
//
// Threat T105: signing vectors from the official clients, with blanks, plus
// signs, tildes, other scripts and repeated keys.
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	count := make(map[duoclient.SignatureVersion]int)
	for _, v := range vectors {
		count[v.Version]++
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			s := duoclient.ToSign{
				Version: v.Version, Date: v.Date, Method: v.Method, Host: v.Host, Path: v.Path, Params: make(url.Values), Headers: v.XDuoHeaders,
			}
			if v.Body != "" {
				s.Body = []byte(v.Body)
			}
			for _, p := range v.Params {
				s.Params.Add(p[0], p[1])
			}
			newHash := map[string]func() hash.Hash{"sha1": sha1.New, "sha512": sha512.New}[v.HMAC]
			m := hmac.New(newHash, []byte(v.SKey))
			_, _ = m.Write(s.Canonical())
			if got := hex.EncodeToString(m.Sum(nil)); got != v.Signature {
				t.Errorf("signature %s, want %s of\n%s", got, v.Signature, s.Canonical())
			}
			if got := s.Authorization(v.IKey, v.SKey); v.HMAC == "sha512" && got != v.Authorization {
				t.Errorf("Authorization %s, want %s", got, v.Authorization)
			}
		})
	}
	if count[duoclient.SignatureV2] < 6 || count[4] != 1 || count[duoclient.SignatureV5] < 12 {
		t.Errorf("vectors by version: %v", count)
	}
}

func TestCanonicalParams(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		params url.Values
		want   string
	}{
		"none":      {url.Values{}, ""},
		"blank":     {url.Values{"realname": {"First Last"}}, "realname=First%20Last"},
		"kinds":     {url.Values{"words": {"First Last"}, "success": {"true"}, "digit": {"5"}}, "digit=5&success=true&words=First%20Last"},
		"prefix":    {url.Values{"foo_bar": {"2"}, "foo": {"1"}}, "foo=1&foo_bar=2"},
		"whitelist": {url.Values{"ip_whitelist_enroll_policy": {"2"}, "ip_whitelist": {"1"}}, "ip_whitelist=1&ip_whitelist_enroll_policy=2"},
		"repeated":  {url.Values{"users": {"b", "a"}, "next_offset": {""}}, "next_offset=&users=a&users=b"},
		"ASCII": {
			url.Values{
				"digits": {"0123456789"}, "letters": {"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"},
				"punctuation": {"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}, "whitespace": {"\t\n\v\f\r "},
			},
			"digits=0123456789&letters=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ&punctuation=%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D~&whitespace=%09%0A%0B%0C%0D%20",
		},
	} {
		if got := duoclient.CanonicalParams(row.params); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

func TestCanonicalText(t *testing.T) {
	t.Parallel()
	s := duoclient.ToSign{
		Version: duoclient.SignatureV5, Date: "Fri, 07 Dec 2012 17:18:00 -0000", Method: "post", Host: "FOO.example.CoM", Path: "/Foo/BaR2/qux",
		Params: url.Values{"username": {"H ell?o"}},
		Body:   []byte(`{"activation_code":"duo://x1bTAIQGWXppdi2ctPVn-YXBpLWR1bzEuZHVvLnRlc3Q","user_id":"DU439XKOX2W6LMYHWLEV"}`),
	}
	want := strings.Join([]string{
		"Fri, 07 Dec 2012 17:18:00 -0000", "POST", "foo.example.com", "/Foo/BaR2/qux", "username=H%20ell%3Fo",
		"9ddab7d898836a76fafbb0dcef7bc83f14036b39bbb1ebbe43044f7c76338fa699eba8f0d3ecb329a084f32ef23c8a1609efad25032923b651e6f3f6d2f7b773",
		"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
	}, "\n")
	if got := string(s.Canonical()); got != want {
		t.Errorf("canonical\n%s\nwant\n%s", got, want)
	}
	for name, row := range map[string]struct {
		headers [][2]string
		want    string
	}{
		"two": {
			[][2]string{{"X-Duo-B", "header_value_2"}, {"x-duo-A", "header_value_1"}},
			"60be11a30e0756f2ee2afdce1db849b987dcf86c1133394bd7bbbc9877920330c4d78aceacbb377ab8cbd9a8efe6a410fed4047376635ac71226ab46ca10d2b1",
		},
		"one": {
			[][2]string{{"X-Duo-Header-1", "header_value_1"}},
			"630b4bfe7e9abd03da2eee8f0a5d4e60a254ec880a839bcc2223bb5b9443e8ef24d58f0254f1f5934bf8c017ebd0fd5b1acf86766bdbe74185e712a4092df3ed",
		},
	} {
		if got := duoclient.HexSHA512(duoclient.CanonicalHeaders(row.headers)); got != row.want {
			t.Errorf("%s: hash %s, want %s", name, got, row.want)
		}
	}
}
