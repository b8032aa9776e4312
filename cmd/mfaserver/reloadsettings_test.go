package main_test

import (
	"reflect"
	"slices"
	"testing"

	main "mfaserver/cmd/mfaserver"
	"mfaserver/internal/config"
)

// Threat T171: of every setting it is known whether a running server can change
// it; a new one fails here until somebody says so.
func TestEverySettingIsKnownToReload(t *testing.T) {
	t.Parallel()
	var fields []string
	for f := range reflect.TypeFor[config.Config]().Fields() {
		if f.IsExported() {
			fields = append(fields, f.Name)
		}
	}
	known := main.SettingFields()
	for _, f := range fields {
		if !slices.Contains(known, f) {
			t.Errorf("%s: say in reloadsettings.go whether a reload can change it", f)
		}
	}
	if len(known) != len(fields) {
		t.Errorf("reloadsettings.go has %d settings, the configuration %d", len(known), len(fields))
	}
}
