package main

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"mfaserver/internal/config"
)

// errRestart: a running server cannot change these settings.
var errRestart = errors.New("restart the server to change")

// setting is a part of the configuration, by its field and its key.
type setting struct {
	field, key string
	// fixed: it cannot change while the server runs.
	fixed bool
}

// settings are all there are.
func settings() []setting {
	return []setting{
		{"Listen", "listen", true},
		{"PublicURLs", "public_urls", false},
		{"AllowLoopbackRedirect", "allow_loopback_redirect", false},
		{"TrustedProxies", "trusted_proxies", false},
		{"Connections", "connections", false},
		{"TLS", "tls", false},
		{"DataDir", "data_dir", true},
		{"KeysDir", "keys_dir", true},
		{"Store", "store", false},
		{"ServerVersion", "server_version", false},
		{"ClientPluginClass", "client_plugin_class", false},
		{"Primary", "primary", false},
		{"Administrators", "administrators", false},
		{"Duo", "duo", false},
		{"Organizations", "organizations", false},
		{"HelpDesk", "helpdesk", false},
		{"Gateway", "gateway", false},
		{"Rules", "rules", false},
		{"Exemptions", "exemptions", false},
		{"Groups", "groups", false},
		{"ReadOnly", "read_only", false},
		{"StepUp", "step_up", false},
		{"Tokens", "tokens", false},
		{"Login", "login", false},
		{"Session", "session", false},
		{"Enrolment", "enrolment", false},
		{"Admin", "admin", false},
		{"Audit", "audit", false},
		{"Alerts", "alerts", false},
		{"Metrics", "metrics", true},
		{"Log", "log", false},
		{"DrainDelay", "drain_delay", false},
		{"LimitsFactor", "limits_factor", true},
	}
}

// changedSettings are the keys of the settings that differ; an error that matches
// [errRestart] names those of them that cannot while the server runs.
func changedSettings(from, to *config.Config) ([]string, error) {
	var all, fixed []string
	for _, s := range settings() {
		was, is := reflect.ValueOf(from).Elem().FieldByName(s.field), reflect.ValueOf(to).Elem().FieldByName(s.field)
		if reflect.DeepEqual(was.Interface(), is.Interface()) {
			continue
		}
		all = append(all, s.key)
		if s.fixed {
			fixed = append(fixed, s.key)
		}
	}
	fixed = append(fixed, fixedParts(from, to)...)
	if len(fixed) > 0 {
		return nil, fmt.Errorf("%w: %s", errRestart, strings.Join(fixed, ", "))
	}
	return all, nil
}

// fixedParts are the settings below the first level that cannot change.
func fixedParts(from, to *config.Config) []string {
	var fixed []string
	was, is := from.Primary.Upstream, to.Primary.Upstream
	switch {
	case (was == nil) != (is == nil):
		fixed = append(fixed, "primary (who checks passwords)")
	case was != nil && was.URL != is.URL:
		// Every session has one at the engine of before.
		fixed = append(fixed, "primary.upstream.url")
	}
	if !sameStore(from.Store, to.Store) {
		fixed = append(fixed, "store (all but redis.ca_file)")
	}
	if from.Log.Format != to.Log.Format {
		fixed = append(fixed, "log.format")
	}
	if (from.TLS.CertFile == "") != (to.TLS.CertFile == "") {
		fixed = append(fixed, "tls (whether the server makes its own certificate)")
	}
	return fixed
}

// sameStore reports whether both are one store, whoever vouches for its servers.
func sameStore(a, b config.Store) bool {
	if a.Redis == nil || b.Redis == nil {
		return a.Redis == b.Redis
	}
	was, is := *a.Redis, *b.Redis
	was.CAFile, is.CAFile = "", ""
	return reflect.DeepEqual(was, is)
}
