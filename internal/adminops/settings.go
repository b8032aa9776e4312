package adminops

import (
	"context"
	"maps"
	"slices"
	"strings"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

type settingsUpdate struct {
	Settings map[string]any `json:"settings" need:"yes" doc:"Settings by Duo's names; each a text, a number or a boolean."`
	why
}

func settingsOperations() []operation {
	return []operation{
		reads("settings.get", "Get the account's settings.", nil, func(ctx context.Context, a *duoclient.Admin, _ *request) (*duoclient.Settings, error) {
			return a.Settings.Get(ctx)
		}),
		changes("settings.update", "Change settings of the account.", nil, helpdesk.ActionSettingsUpdate, updateSettings),
	}
}

func updateSettings(ctx context.Context, r *request, b settingsUpdate) (Result, error) {
	if len(b.Settings) == 0 {
		return Result{}, parameterError("settings", "is missing")
	}
	var all *duoclient.Settings
	err := r.acts(ctx, r.order(b.why), helpdesk.ActionSettingsUpdate, "", func(ctx context.Context, a *duoclient.Admin) (err error) {
		all, err = a.Settings.Update(ctx, b.Settings)
		return err
	}, "settings", strings.Join(slices.Sorted(maps.Keys(b.Settings)), " "))
	return Result{Value: all}, err
}
