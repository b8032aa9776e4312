package config_test

import (
	"fmt"

	"mfaserver/internal/config"
)

func ExampleParse() {
	_, err := config.Parse([]byte(`listn: ":8443"
public_urls: ["http://mirth.example.org"]
duo:
  failmode: safe
`), "mfaserver.yaml")
	fmt.Println(err)
	// Output:
	// config: invalid configuration
	// mfaserver.yaml:1: listn: unknown key; did you mean listen?
	// mfaserver.yaml:2: public_urls[0]: "http://mirth.example.org": must begin with https://; write https://host or https://host:port
	// mfaserver.yaml:3: duo.universal: missing; write client_id, client_secret_file and api_hostname as Duo's panel shows them
	// mfaserver.yaml:4: duo.failmode: safe lets people in with the password alone when Duo is down; set i_accept_single_factor: true too, or failmode: secure
}
