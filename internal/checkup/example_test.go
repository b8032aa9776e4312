package checkup_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mfaserver/duoclient/duotest"
	"mfaserver/internal/checkup"
	"mfaserver/internal/config"
	"mfaserver/internal/secret"
)

func ExampleRun() {
	sim, err := duotest.NewServer(duotest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	folder, err := os.MkdirTemp("", "checkup")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	ca := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(ca, sim.CA().CertPEM(), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	keys := sim.Credentials()
	report := checkup.Run(context.Background(), checkup.Config{Settings: &config.Config{
		DataDir: folder,
		Duo: config.Duo{
			Simulator: true, CA: ca,
			Universal: config.Universal{ClientID: keys.ClientID, ClientSecret: secret.New(keys.ClientSecret), APIHostname: sim.APIHost},
			// The keys of the Admin API stand where those of the Auth API belong.
			Auth: config.API{IntegrationKey: keys.AdminKey, SecretKey: secret.New(keys.AdminSecret), APIHostname: sim.APIHost},
		},
	}})
	for _, f := range report.Findings {
		if f.Level == checkup.Fail {
			fmt.Printf("%s: %s.\n%s\n", f.Subject, f.Text, f.Advice)
		}
	}
	// Output:
	// duo.auth: these are the keys of an application of type Admin API; here belong those of type Auth API.
	// Move them to duo.admin, and put here the keys of the application of type Auth API from Duo's panel.
}
