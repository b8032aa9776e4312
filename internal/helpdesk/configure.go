package helpdesk

import (
	"mfaserver/duoclient"
	"mfaserver/internal/config"
)

// FromConfig gives the organisations of a configuration: the account of duo
// first, called [config.DefaultOrganization], then the rows. Recorder, options
// and clock are left to the caller. Its error is that of the CA file.
func FromConfig(c *config.Config) (Config, error) {
	ca, err := CA(c.Duo.CA)
	if err != nil {
		return Config{}, err
	}
	app := func(a config.API) *duoclient.APIConfig {
		if !a.Configured() {
			return nil
		}
		return &duoclient.APIConfig{
			IntegrationKey: a.IntegrationKey, SecretKey: a.SecretKey, APIHost: a.APIHostname,
			CA: ca, Simulator: c.Duo.Simulator, HTTPProxy: c.Duo.HTTPProxy,
		}
	}
	out := Config{
		Accounts:    app(c.Duo.Accounts),
		BypassCodes: c.HelpDesk.BypassCodes, BypassPerDay: c.HelpDesk.BypassPerDay, BypassStatus: c.HelpDesk.BypassStatusLife,
		Organizations: []OrgConfig{{
			Name: config.DefaultOrganization, Admin: app(c.Duo.Admin), Auth: app(c.Duo.Auth), DirectoryKey: c.Duo.DirectoryKey,
			BypassLife: c.HelpDesk.BypassLife, ActivationLife: c.HelpDesk.ActivationLife,
		}},
	}
	for _, o := range c.Organizations {
		out.Organizations = append(out.Organizations, OrgConfig{
			Name: o.Name, AccountID: o.AccountID, APIHost: o.APIHostname, Admin: app(o.Admin), Auth: app(o.Auth),
			DirectoryKey: o.DirectoryKey, BypassLife: o.Defaults.BypassLife, ActivationLife: o.Defaults.ActivationLife,
		})
	}
	return out, nil
}

// CA gives the authorities that duo.ca names: duo, system or a PEM file.
func CA(name string) (duoclient.CA, error) {
	switch name {
	case config.CADuo, "":
		return duoclient.CA{}, nil
	case config.CASystem:
		return duoclient.CASystem()
	default:
		return duoclient.CAFile(name)
	}
}
