package compat_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	duoapi "github.com/duosecurity/duo_api_golang"
	"github.com/duosecurity/duo_api_golang/admin"
	"github.com/duosecurity/duo_api_golang/authapi"
	"github.com/google/go-cmp/cmp"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

const (
	sameKey    = "DIXXXXXXXXXXXXXXXXXX"
	sameSecret = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
)

// sent is a request as far as the two clients must agree on it. Canonical is
// the text that the signature was found to be over, without the date.
type sent struct {
	Method, Path, Params, Canonical string
}

// recorder answers every call and notes what it was.
type recorder struct {
	t    *testing.T
	mu   sync.Mutex
	last sent
}

func (rec *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		rec.t.Error(err)
	}
	query := r.URL.RawQuery
	if len(body) > 0 {
		query = string(body)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		rec.t.Error(err)
	}
	canonical := strings.Join([]string{r.Method, strings.ToLower(r.Host), r.URL.EscapedPath(), canonicalParams(values)}, "\n")
	mac := hmac.New(sha512.New, []byte(sameSecret))
	mac.Write([]byte(r.Header.Get("Date") + "\n" + canonical))
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(sameKey+":"+hex.EncodeToString(mac.Sum(nil))))
	if got := r.Header.Get("Authorization"); got != want {
		canonical = "not what was signed"
	}
	rec.mu.Lock()
	rec.last = sent{Method: r.Method, Path: r.URL.EscapedPath(), Params: values.Encode(), Canonical: canonical}
	rec.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"stat":"FAIL","code":40002,"message":"Invalid request parameters"}`)
}

func (rec *recorder) take() sent {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return rec.last
}

// canonicalParams is line 5 of signature version 2, written from its
// description.
func canonicalParams(values url.Values) string {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var pairs []string
	for name, all := range values {
		for _, v := range all {
			pairs = append(pairs, escape(name)+"="+escape(v))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// Duo's client and ours send the same: method, path, parameters and what is
// signed.
func TestSameRequests(t *testing.T) {
	t.Parallel()
	rec := &recorder{t: t}
	server := httptest.NewTLSServer(rec)
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "https://")
	ca, err := duoclient.CAPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	if err != nil {
		t.Fatal(err)
	}
	config := duoclient.APIConfig{
		IntegrationKey: sameKey, SecretKey: secret.New(sameSecret), APIHost: host,
		CA: ca, Simulator: true, Signature: duoclient.SignatureV2,
	}
	auth, err := duoclient.NewAuth(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(auth.Close)
	adm, err := duoclient.NewAdmin(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(adm.Close)
	var transport *http.Transport
	official := duoapi.NewDuoApi(sameKey, sameSecret, host, "compat", duoapi.SetTransport(func(tr *http.Transport) {
		tr.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		transport = tr
	}))
	t.Cleanup(func() { transport.CloseIdleConnections() })
	theirAuth, theirAdmin := authapi.NewAuthApi(*official), admin.New(*official)
	const user, phone = "DU00000000000000000X", "DP00000000000000000X"
	for _, tt := range []struct {
		name         string
		theirs, ours func(ctx context.Context) error
	}{
		{
			"auth check",
			func(context.Context) error { _, err := theirAuth.Check(); return err },
			func(ctx context.Context) error { _, err := auth.Check(ctx); return err },
		},
		{
			"preauth",
			func(context.Context) error {
				_, err := theirAuth.Preauth(authapi.PreauthUsername("zoë b+c"))
				return err
			},
			func(ctx context.Context) error {
				_, err := auth.Preauth(ctx, duoclient.PreauthParams{Username: "zoë b+c"})
				return err
			},
		},
		{
			"auth status",
			func(context.Context) error {
				_, err := theirAuth.AuthStatus("13eb97f2-9008-42f4-b59b-afc7a5edf6a6")
				return err
			},
			func(ctx context.Context) error {
				_, err := auth.AuthStatus(ctx, "13eb97f2-9008-42f4-b59b-afc7a5edf6a6")
				return err
			},
		},
		{
			"create user",
			func(context.Context) error {
				_, err := theirAdmin.CreateUser(url.Values{"username": {"a*b~c"}, "email": {"a+b@x.example"}})
				return err
			},
			func(ctx context.Context) error {
				_, err := adm.Users.Create(ctx, duoclient.UserParams{Username: "a*b~c", Email: "a+b@x.example"})
				return err
			},
		},
		{
			"get user",
			func(context.Context) error { _, err := theirAdmin.GetUser(user); return err },
			func(ctx context.Context) error { _, err := adm.Users.Get(ctx, user); return err },
		},
		{
			"update user",
			func(context.Context) error {
				_, err := theirAdmin.ModifyUser(user, url.Values{"realname": {"First Last"}})
				return err
			},
			func(ctx context.Context) error {
				_, err := adm.Users.Update(ctx, user, duoclient.UserParams{Realname: "First Last"})
				return err
			},
		},
		{
			"delete user",
			func(context.Context) error { _, err := theirAdmin.DeleteUser(user); return err },
			func(ctx context.Context) error { return adm.Users.Delete(ctx, user) },
		},
		{
			"get phone",
			func(context.Context) error { _, err := theirAdmin.GetPhone(phone); return err },
			func(ctx context.Context) error { _, err := adm.Phones.Get(ctx, phone); return err },
		},
		{
			"delete phone",
			func(context.Context) error { _, err := theirAdmin.DeletePhone(phone); return err },
			func(ctx context.Context) error { return adm.Phones.Delete(ctx, phone) },
		},
	} {
		// Theirs read a refusal as an answer, ours as an error: what counts
		// here is what was sent.
		_ = tt.theirs(t.Context())
		theirs := rec.take()
		if err := tt.ours(t.Context()); err == nil {
			t.Errorf("%s: ours took a refusal for an answer", tt.name)
		}
		if diff := cmp.Diff(theirs, rec.take()); diff != "" || theirs.Canonical == "not what was signed" {
			t.Errorf("%s: (-theirs +ours)\n%s", tt.name, diff)
		}
	}
}
