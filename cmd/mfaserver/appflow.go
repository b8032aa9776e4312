package main

import (
	"context"
	"errors"

	"mfaserver/duoclient"
	"mfaserver/internal/config"
	"mfaserver/mfa"
)

func (a *app) openFlow(context.Context) error {
	if err := a.openUniversal(); err != nil {
		return err
	}
	enrolment, err := a.enrolment()
	if err != nil {
		return err
	}
	prover, err := a.prover()
	if err != nil {
		return err
	}
	login, factor := a.cfg.Login, a.cfg.LimitsFactor
	c := mfa.Config{
		SecondFactor:  a.universal,
		Transactions:  a.measuredTransactions(),
		Sources:       a.db.Sources(),
		Codes:         a.db.Codes(),
		Pauses:        a.pauses(),
		Recorder:      a.recorder,
		Enrolment:     enrolment,
		Prover:        prover,
		BreakGlass:    breakGlass{a.breakGlass},
		DuoUsername:   a.cfg.DuoUsername,
		Policy:        mfa.Policy{AllowReasons: a.cfg.Duo.AllowReasons, DenyFactors: a.cfg.Duo.DenyFactors},
		Failmode:      mfa.Failmode(a.cfg.Duo.Failmode),
		Relay:         mfa.RelayPolicy(login.RelayPolicy),
		Lifetime:      login.Lifetime,
		EnrolLifetime: login.EnrolLifetime,
		Limits: mfa.Limits{
			PerClient: login.PerClient * factor,
			PerUser:   login.PerUser * factor,
			Reserved:  login.Reserved * factor,
			Total:     login.Total * factor,
		},
		Logger: a.logger,
		Now:    now,
	}
	if a.behind == nil {
		c.Accounts = a.directory
	} else {
		held := carries{a.behind.upstream}
		c.Accounts, c.Releaser, c.Carries = engineAccounts{}, held, held
	}
	if a.before != nil {
		c.Follows = a.before.flow
	}
	a.flow, err = mfa.New(c)
	return err
}

// duoCA turns the setting duo.ca into certificate authorities.
func duoCA(setting string) (duoclient.CA, error) {
	switch setting {
	case config.CADuo:
		return duoclient.CA{}, nil
	case config.CASystem:
		return duoclient.CASystem()
	default:
		return duoclient.CAFile(setting)
	}
}

// newUniversal makes the Duo client of the login.
func newUniversal(cfg *config.Config, more ...duoclient.Option) (*duoclient.Universal, error) {
	ca, err := duoCA(cfg.Duo.CA)
	if err != nil {
		return nil, err
	}
	c := universalConfig(cfg)
	c.CA = ca
	duo, err := duoclient.NewUniversal(c, append(more, duoclient.WithClock(now))...)
	if err != nil {
		return nil, errors.Join(config.ErrInvalid, err)
	}
	return duo, nil
}

// universalConfig is all of it but the authorities.
func universalConfig(cfg *config.Config) duoclient.UniversalConfig {
	return duoclient.UniversalConfig{
		ClientID:       cfg.Duo.Universal.ClientID,
		ClientSecret:   cfg.Duo.Universal.ClientSecret,
		PreviousSecret: cfg.Duo.Universal.PreviousSecret,
		APIHost:        cfg.Duo.Universal.APIHostname,
		Simulator:      cfg.Duo.Simulator,
		HTTPProxy:      cfg.Duo.HTTPProxy,
	}
}
