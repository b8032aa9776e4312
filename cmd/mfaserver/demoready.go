package main

import (
	"encoding/json"
	"fmt"

	"mfaserver/duoclient/duotest"
)

// ready is what demo and sim write to --ready-file when all is listening.
// Programs wait for the file and then know everything they need. sim leaves
// the server's fields out.
type ready struct {
	ServerURL  string   `json:"server_url,omitempty"`
	CAFile     string   `json:"ca_file,omitempty"`
	Username   string   `json:"username,omitempty"`
	Password   string   `json:"password,omitempty"`
	ConfigFile string   `json:"config_file,omitempty"`
	Duo        readyDuo `json:"duo"`
}

type readyDuo struct {
	APIHostname string         `json:"api_hostname"`
	CAFile      string         `json:"ca_file"`
	Universal   readyUniversal `json:"universal"`
	Auth        readyKeys      `json:"auth"`
	Admin       readyKeys      `json:"admin"`
	Accounts    readyKeys      `json:"accounts"`
}

type readyUniversal struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

type readyKeys struct {
	IntegrationKey string `json:"integration_key"`
	SecretKey      string `json:"secret_key"`
}

func newReadyDuo(apiHostname, caFile string, c duotest.Credentials) readyDuo {
	return readyDuo{
		APIHostname: apiHostname,
		CAFile:      caFile,
		Universal:   readyUniversal{ClientID: c.ClientID, ClientSecret: c.ClientSecret},
		Auth:        readyKeys{IntegrationKey: c.AuthKey, SecretKey: c.AuthSecret},
		Admin:       readyKeys{IntegrationKey: c.AdminKey, SecretKey: c.AdminSecret},
		Accounts:    readyKeys{IntegrationKey: c.AccountsKey, SecretKey: c.AccountsSecret},
	}
}

// write puts the file there whole: whoever sees it can read all of it.
func (r ready) write(path string) error {
	if path == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", "  ") //nolint:gosec // handing the demo's password to scripts is what the file is for
	if err != nil {
		return err
	}
	if err := writePrivate(path, append(data, '\n')); err != nil {
		return fmt.Errorf("ready file: %w", err)
	}
	return nil
}
