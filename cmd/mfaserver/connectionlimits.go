package main

import (
	"net/netip"
	"slices"

	"mfaserver/internal/config"
	"mfaserver/internal/connections"
)

const (
	// ownFiles are those that the server has open itself: logs, the store, Duo.
	ownFiles = 256
	// filesEach are those that a place costs: the connection, the one to the engine
	// behind, and two that wait.
	filesEach = 4
	// fewPlaces there are however few files may be open.
	fewPlaces = 64
)

// connectionLimits are those of the configuration, or fewer where the system lets
// the process open fewer files.
func connectionLimits(cfg *config.Config) connections.Limits {
	total := cfg.Connections.Total * cfg.LimitsFactor
	if files, ok := openFiles(); ok {
		total = min(total, max(fewPlaces, (files-ownFiles)/filesEach))
	}
	proxies := slices.Clone(cfg.TrustedProxies)
	return connections.Limits{
		PerSource: cfg.Connections.PerSource * cfg.LimitsFactor,
		Total:     total,
		Shared: func(a netip.Addr) bool {
			return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(a) })
		},
	}
}
