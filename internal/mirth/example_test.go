package mirth_test

import (
	"fmt"

	"mfaserver/internal/mirth"
)

func ExampleEncode() {
	refused := mirth.LoginStatus{Status: mirth.StatusFail, Message: "Incorrect username or password."}
	for _, accept := range []string{"application/xml", "application/json"} {
		format, ok := mirth.Negotiate([]string{accept})
		if !ok {
			fmt.Println("406")
			continue
		}
		body, err := mirth.Encode(format, refused)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s\n", body)
	}
	// Output:
	// <com.mirth.connect.model.LoginStatus>
	//   <status>FAIL</status>
	//   <message>Incorrect username or password.</message>
	// </com.mirth.connect.model.LoginStatus>
	// {"com.mirth.connect.model.LoginStatus":{"status":"FAIL","message":"Incorrect username or password."}}
}

func ExampleParseLoginData() {
	d, err := mirth.ParseLoginData("a:b:SUCCESS:code:0123456789abcdef0123456789abcdef0123:aHR0cHM6Ly9hL2I=")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.UsernameReadings()[0], d.PrimaryStatus, d.Code, d.State, d.RedirectURI)
	fmt.Println(d)
	// Output:
	// a:b SUCCESS code 0123456789abcdef0123456789abcdef0123 https://a/b
	// [REDACTED login data]
}

func ExampleNormalizeServerURL() {
	fmt.Println(mirth.NormalizeServerURL("HTTPS://Mirth.Example.org:443/"))
	fmt.Println(mirth.NormalizeServerURL("https://mirth.example.org@evil.example"))
	// Output:
	// https://mirth.example.org <nil>
	//  mirth: server URL refused: must not hold a user name
}
