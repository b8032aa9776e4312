package main

import (
	"mfaserver/internal/helpdesk"
	"mfaserver/internal/throttle"
	"mfaserver/mfa"
)

// counters count what fails under a name, for all nodes where a store is
// shared (threat T007). A single node counts in memory: whoever can restart it
// needs no guesses.
func (a *app) counters(name string, limits throttle.Config) (throttle.Counters, error) {
	if a.shared != nil {
		return a.shared.Counters(name, limits)
	}
	return throttle.New(limits)
}

// pauses are where phones are left alone by all nodes (threat T037); nil where
// there is one.
func (a *app) pauses() mfa.Pauses {
	if a.shared == nil {
		return nil
	}
	return a.shared.Pauses()
}

// quota is where all nodes count bypass codes (threat T158); nil where there is
// one.
func (a *app) quota() helpdesk.Quota {
	if a.shared == nil {
		return nil
	}
	return a.shared.Quota("bypass codes")
}

// passwordCounters are those of wrong passwords. While another configuration is
// in force it is only looked whether its limits can be replaced; [app.change]
// does it.
func (a *app) passwordCounters(name string) (throttle.Counters, error) {
	limits := passwordLimits(a.cfg)
	if b := a.before; b != nil {
		_, err := passwordLimits(b.cfg).Changed(limits)
		return b.passwords, err
	}
	return a.counters(name, limits)
}
