package duoclient_test

import (
	"fmt"
	"strings"

	"mfaserver/duoclient"
	"mfaserver/internal/secret"
)

func ExampleUniversal_AuthURL() {
	duo, err := duoclient.NewUniversal(duoclient.UniversalConfig{
		ClientID:     "DIXXXXXXXXXXXXXXXXXX",
		ClientSecret: secret.New("deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"),
		APIHost:      "api-test0001.duosecurity.com",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer duo.Close()
	authURL, err := duo.AuthURL(duoclient.AuthRequest{
		Username:    "test1",
		State:       "0123456789abcdef0123456789abcdef0123",
		Nonce:       "fedcba9876543210fedcba9876543210fedc",
		RedirectURI: "https://localhost:8443/api/4.5.2/extensions/mfa/duocallback",
	})
	before, request, _ := strings.Cut(authURL, "request=")
	fmt.Println(before, len(request) > 600, err)
	// Output:
	// https://api-test0001.duosecurity.com/oauth/v1/authorize?scope=openid&response_type=code&redirect_uri=https://localhost:8443/api/4.5.2/extensions/mfa/duocallback&client_id=DIXXXXXXXXXXXXXXXXXX& true <nil>
}

func ExampleClassify() {
	err := fmt.Errorf("first call: %w", duoclient.ErrClockSkew)
	fmt.Println(duoclient.Classify(err))
	// Output:
	// clock_skew
}
