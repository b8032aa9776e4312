package main

import "mfaserver/internal/throttle"

// counters count what fails under a name, for all nodes where a store is
// shared (threat T007). A single node counts in memory: whoever can restart it
// needs no guesses.
func (a *app) counters(name string, limits throttle.Config) (throttle.Counters, error) {
	if a.shared != nil {
		return a.shared.Counters(name, limits)
	}
	return throttle.New(limits)
}
