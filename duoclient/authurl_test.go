package duoclient_test

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"mfaserver/duoclient"
)

func prompt() duoclient.AuthRequest {
	return duoclient.AuthRequest{Username: username, State: state, Nonce: nonce, RedirectURI: redirectURI}
}

// Threat T034: the published shape, the exact header, the exact claims.
func TestAuthURL(t *testing.T) {
	t.Parallel()
	u, _ := verifier(t)
	got, err := u.AuthURL(prompt())
	if err != nil {
		t.Fatal(err)
	}
	request, ok := strings.CutPrefix(got, "https://"+duoHost+"/oauth/v1/authorize?scope=openid&response_type=code&redirect_uri="+redirectURI+"&client_id="+clientID+"&request=")
	if !ok {
		t.Fatalf("authURL %s", got)
	}
	parts := strings.Split(request, ".")
	if want := encode(mac(parts[0]+"."+parts[1], sha512.New, clientSecret)); parts[2] != want {
		t.Error("request is not signed with the secret")
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || string(head) != `{"alg":"HS512","typ":"JWT"}` {
		t.Errorf("header %s, %v", head, err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claimed map[string]any
	if err := json.Unmarshal(payload, &claimed); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"response_type": "code", "scope": "openid", "exp": float64(noon.Unix() + 300), "client_id": clientID, "iss": clientID, "aud": "https://" + duoHost,
		"redirect_uri": redirectURI, "state": state, "nonce": nonce, "duo_uname": username, "use_duo_code_attribute": true,
	}
	if !maps.Equal(claimed, want) {
		t.Errorf("claims %v, want %v", claimed, want)
	}
	query, err := url.Parse(got)
	if err != nil || query.Query().Get("redirect_uri") != redirectURI || len(query.Query()) != 5 {
		t.Errorf("query %v, %v", query.Query(), err)
	}
}

// Every name that a username may hold comes through as it is.
func TestAuthURLUsernames(t *testing.T) {
	t.Parallel()
	u, _ := verifier(t)
	for _, name := range []string{"a:b:c", `DOM\user`, "zoë", "<script>&", "😀", "\u2028", `"`, "\x00\x1f\x7f", `\`, `","aud":"x`, strings.Repeat("x", 256), " "} {
		r := prompt()
		r.Username = name
		got, err := u.AuthURL(r)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		data, err := duoclient.OpenJWT(got[strings.LastIndex(got, "=")+1:], []byte(clientSecret))
		if err != nil {
			t.Fatal(err)
		}
		var claimed struct {
			Name string `json:"duo_uname"`
		}
		if err := json.Unmarshal(data, &claimed); err != nil || claimed.Name != name {
			t.Errorf("duo_uname %q, %v, want %q", claimed.Name, err, name)
		}
	}
}

// Threats T033, T034: what Duo would refuse, or what would change the URL, is
// refused here.
func TestAuthURLArguments(t *testing.T) {
	t.Parallel()
	u, _ := verifier(t)
	for name, change := range map[string]func(*duoclient.AuthRequest){
		"no username":        func(r *duoclient.AuthRequest) { r.Username = "" },
		"long username":      func(r *duoclient.AuthRequest) { r.Username = strings.Repeat("x", 257) },
		"username no UTF-8":  func(r *duoclient.AuthRequest) { r.Username = "zo\xeb" },
		"no state":           func(r *duoclient.AuthRequest) { r.State = "" },
		"short state":        func(r *duoclient.AuthRequest) { r.State = state[:21] },
		"long state":         func(r *duoclient.AuthRequest) { r.State = strings.Repeat("x", 1025) },
		"blank in state":     func(r *duoclient.AuthRequest) { r.State = state + " x" },
		"no nonce":           func(r *duoclient.AuthRequest) { r.Nonce = "" },
		"short nonce":        func(r *duoclient.AuthRequest) { r.Nonce = nonce[:15] },
		"long nonce":         func(r *duoclient.AuthRequest) { r.Nonce = strings.Repeat("x", 1025) },
		"nonce is the state": func(r *duoclient.AuthRequest) { r.Nonce = r.State },
		"no redirect":        func(r *duoclient.AuthRequest) { r.RedirectURI = "" },
		"long redirect":      func(r *duoclient.AuthRequest) { r.RedirectURI = "https://h/" + strings.Repeat("x", 247) },
		"http":               func(r *duoclient.AuthRequest) { r.RedirectURI = "http://localhost/" },
		"http elsewhere":     func(r *duoclient.AuthRequest) { r.RedirectURI = "http://192.0.2.1:8443/" },
		"http without port":  func(r *duoclient.AuthRequest) { r.RedirectURI = "http://127.0.0.1/" },
		"http and a user":    func(r *duoclient.AuthRequest) { r.RedirectURI = "http://127.0.0.1:1@a.example/" },
		"javascript":         func(r *duoclient.AuthRequest) { r.RedirectURI = "javascript:alert(1)" },
		"no scheme":          func(r *duoclient.AuthRequest) { r.RedirectURI = "//localhost/" },
		"no host":            func(r *duoclient.AuthRequest) { r.RedirectURI = "https:///x" },
		"user":               func(r *duoclient.AuthRequest) { r.RedirectURI = "https://a:b@localhost/" },
		"ampersand":          func(r *duoclient.AuthRequest) { r.RedirectURI += "?a=b&client_id=x" },
		"fragment":           func(r *duoclient.AuthRequest) { r.RedirectURI += "#x" },
		"plus":               func(r *duoclient.AuthRequest) { r.RedirectURI += "?a+b" },
		"percent":            func(r *duoclient.AuthRequest) { r.RedirectURI += "%26" },
		"semicolon":          func(r *duoclient.AuthRequest) { r.RedirectURI += ";x" },
		"blank":              func(r *duoclient.AuthRequest) { r.RedirectURI += " " },
		"line break":         func(r *duoclient.AuthRequest) { r.RedirectURI += "\r\nX: y" },
		"quote":              func(r *duoclient.AuthRequest) { r.RedirectURI += `"` },
		"not ASCII":          func(r *duoclient.AuthRequest) { r.RedirectURI += "é" },
		"backslash":          func(r *duoclient.AuthRequest) { r.RedirectURI += `\` },
	} {
		r := prompt()
		change(&r)
		got, err := u.AuthURL(r)
		if got != "" || !errors.Is(err, duoclient.ErrArgument) || duoclient.Classify(err) != duoclient.ClassRefusal {
			t.Errorf("%s: %q, %v, want ErrArgument", name, got, err)
		}
	}
	for _, uri := range []string{"https://[::1]:8443/x", "https://a.example/cb?x=y", "http://127.0.0.1:45123/x", "http://[::1]:45123/x", "https://h/" + strings.Repeat("x", 246)} {
		r := prompt()
		r.RedirectURI = uri
		if _, err := u.AuthURL(r); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

// Vectors that were computed elsewhere: one token made to the byte, one opened.
func TestVectors(t *testing.T) {
	t.Parallel()
	made, err := duoclient.SignJWT("", []byte(toJSON(t, &duoclient.Assertion{
		Issuer: clientID, Subject: clientID, Audience: "https://api-test0001.duosecurity.com/oauth/v1/token", Expires: 1700000300, ID: strings.Repeat("A", 36),
	})), []byte(clientSecret))
	const token = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJESVhYWFhYWFhYWFhYWFhYWFhYWCIsInN1YiI6IkRJWFhYWFhYWFhYWFhYWFhYWFhYIiwiYXVkIjoiaHR0cHM6Ly9hcGktdGVzdDAwMDEuZHVvc2VjdXJpdHkuY29tL29hdXRoL3YxL3Rva2VuIiwiZXhwIjoxNzAwMDAwMzAwLCJqdGkiOiJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUEifQ.9YYMYyLj41ba0YyTqIfiQzQ93K-8mjJK29Td7Dv-u_4vHzwVO8FFhXianrRZCSs4xvI6-FVjrySlH7QhwigTCw"
	if err != nil || made != token {
		t.Errorf("SignJWT = %s, %v, want %s", made, err, token)
	}
	const request = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJkdW9fdW5hbWUiOiJ0ZXN0MSIsInNjb3BlIjoib3BlbmlkIiwicmVzcG9uc2VfdHlwZSI6ImNvZGUiLCJyZWRpcmVjdF91cmkiOiJodHRwczovL2xvY2FsaG9zdDo4NDQzL2FwaS80LjUuMC9leHRlbnNpb25zL21mYS9kdW9jYWxsYmFjayIsInN0YXRlIjoiMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzIiwiZXhwIjoxNzAwMDAzNjAwLCJ1c2VfZHVvX2NvZGVfYXR0cmlidXRlIjp0cnVlLCJjbGllbnRfaWQiOiJESVhYWFhYWFhYWFhYWFhYWFhYWCJ9.vXLwjlteU9oBjhv29ysn2IcEwV-lJeozruBJEJu1YE-48MkFWoVvn92ukjqj4xI0635Nj7ZFdOhDkOU4Ig6FCg"
	const payload = `{"duo_uname":"test1","scope":"openid","response_type":"code","redirect_uri":"https://localhost:8443/api/4.5.0/extensions/mfa/duocallback","state":"0123456789abcdef0123456789abcdef0123","exp":1700003600,"use_duo_code_attribute":true,"client_id":"DIXXXXXXXXXXXXXXXXXX"}`
	opened, err := duoclient.OpenJWT(request, []byte(clientSecret))
	if err != nil || string(opened) != payload {
		t.Errorf("OpenJWT = %s, %v, want %s", opened, err, payload)
	}
}

// Threat T103: a 40-byte key, shorter than RFC 7518 would like, also signs
// where only approved cryptography is allowed.
func TestFIPS(t *testing.T) {
	t.Parallel()
	if os.Getenv("DUOCLIENT_FIPS") != "" {
		u, issuer := verifier(t)
		if _, err := u.AuthURL(prompt()); err != nil {
			t.Fatal(err)
		}
		if _, err := u.Verify(sign(header, toJSON(t, genuine(issuer, nil)), sha512.New, clientSecret), asked()); err != nil {
			t.Fatal(err)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestFIPS$", "-test.v")
	cmd.Env = append(os.Environ(), "DUOCLIENT_FIPS=1", "GODEBUG=fips140=only")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The bar for a signed authURL: at most 40 allocations, fresh state and nonce
// included.
func TestAuthURLAllocations(t *testing.T) {
	u, _ := verifier(t)
	allocations := testing.AllocsPerRun(1000, func() {
		if _, err := u.AuthURL(freshPrompt()); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%.0f allocations", allocations)
	if allocations > 40 {
		t.Errorf("%.0f allocations, want at most 40", allocations)
	}
}

// What cannot stand in the authURL or leads nowhere is refused, for a prompt
// and for its exchange.
func TestAskedWrongly(t *testing.T) {
	t.Parallel()
	u, _ := verifier(t)
	for name, change := range map[string]func(*duoclient.AuthRequest){
		"nonce with a blank":       func(r *duoclient.AuthRequest) { r.Nonce = strings.Repeat("a", 20) + " b" },
		"nonce with DEL":           func(r *duoclient.AuthRequest) { r.Nonce = strings.Repeat("a", 20) + "\x7f" },
		"nonce beyond ASCII":       func(r *duoclient.AuthRequest) { r.Nonce = strings.Repeat("a", 20) + "é" },
		"state with DEL":           func(r *duoclient.AuthRequest) { r.State = strings.Repeat("a", 30) + "\x7f" },
		"no redirect URI":          func(r *duoclient.AuthRequest) { r.RedirectURI = "" },
		"half an address":          func(r *duoclient.AuthRequest) { r.RedirectURI = "https://[::1/callback" },
		"port that is none":        func(r *duoclient.AuthRequest) { r.RedirectURI = "https://host:port/callback" },
		"no page on this machine":  func(r *duoclient.AuthRequest) { r.RedirectURI = "ftp://127.0.0.1:2121/callback" },
		"a name for this machine":  func(r *duoclient.AuthRequest) { r.RedirectURI = "http://localhost:8080/callback" },
		"no port on this machine":  func(r *duoclient.AuthRequest) { r.RedirectURI = "http://127.0.0.1/callback" },
		"another machine, in http": func(r *duoclient.AuthRequest) { r.RedirectURI = "http://192.0.2.1:8080/callback" },
	} {
		r := prompt()
		change(&r)
		if got, err := u.AuthURL(r); got != "" || !errors.Is(err, duoclient.ErrArgument) {
			t.Errorf("%s: %q, %v, want %v", name, got, err, duoclient.ErrArgument)
		}
	}
}
