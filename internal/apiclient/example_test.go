package apiclient_test

import (
	"fmt"
	"os"
	"path/filepath"

	"mfaserver/internal/apiclient"
	"mfaserver/internal/secret"
)

func ExampleJar() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	jar, err := apiclient.ReadJar(filepath.Join(dir, "jar"))
	if err != nil {
		fmt.Println(err)
		return
	}
	jar.Put("https://mirth.example.org:8443", apiclient.Cookie{Name: "JSESSIONID", Value: secret.New("abc"), Path: "/api"})
	fmt.Println(jar.Write(), jar.Session("https://mirth.example.org:8443").Reveal())
	// Output: <nil> abc
}
