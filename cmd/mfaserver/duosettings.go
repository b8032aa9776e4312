package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/duoclient"
	"mfaserver/internal/helpdesk"
)

func (d *duo) settings() *cobra.Command {
	return noun("settings", "Read and change the settings of a Duo account",
		"settings reads and changes the settings of a Duo account. The Admin API\napplication needs the permission \"Grant settings\".",
		"  mfaserver duo settings get\n  mfaserver duo settings update lockout_threshold=5 --dry-run",
		d.settingsGet(), d.settingsUpdate())
}

// namedSettings are settings by Duo's names.
type namedSettings map[string]json.RawMessage

func nameSettings(s *duoclient.Settings) (namedSettings, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var named namedSettings
	return named, json.Unmarshal(data, &named)
}

// text is a value as people write it.
func (s namedSettings) text(name string) string {
	var text string
	if json.Unmarshal(s[name], &text) == nil && string(s[name]) != "null" {
		return text
	}
	if string(s[name]) == "null" {
		return ""
	}
	return string(s[name])
}

func (d *duo) settingsGet() *cobra.Command {
	return verb("get [NAME...]", "Show the settings, or some of them",
		"  mfaserver duo settings get\n  mfaserver duo settings get lockout_threshold timezone", takesMore(),
		func(ctx context.Context, names []string) error {
			o, admin, err := d.oneAdmin(ctx)
			if err != nil {
				return err
			}
			return d.reading(ctx, o, "", func(ctx context.Context) error {
				settings, err := admin.Settings.Get(ctx)
				if err != nil {
					return err
				}
				return d.showSettings(settings, names)
			})
		})
}

func (d *duo) showSettings(settings *duoclient.Settings, names []string) error {
	named, err := nameSettings(settings)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, ok := named[name]; !ok {
			return notFound("setting", name)
		}
	}
	if len(names) > 0 {
		maps.DeleteFunc(named, func(name string, _ json.RawMessage) bool { return !slices.Contains(names, name) })
	}
	if d.output == "json" {
		return printJSON(d.console.out, named)
	}
	var rows [][]string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		rows = append(rows, []string{name, named.text(name)})
	}
	return table(d.console.out, []string{"SETTING", "VALUE"}, rows)
}

func (d *duo) settingsUpdate() *cobra.Command {
	var c consent
	cmd := verb("update NAME=VALUE...", "Change settings",
		"  mfaserver duo settings update lockout_threshold=5 --dry-run\n  mfaserver duo settings update lockout_threshold=5 helpdesk_bypass=limit --yes --reason \"policy 12\"",
		takesMore("setting, as NAME=VALUE"), func(ctx context.Context, args []string) error { return d.updateSettings(ctx, c, args) })
	var known strings.Builder
	names := duoclient.SettingNames()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&known, "  %s %s\n", name, names[name])
	}
	cmd.Long = "update changes settings of the account. What changes is shown first, from and to.\nAn empty VALUE empties a text, and takes a limit away.\n\nSettings:\n" +
		strings.TrimSuffix(known.String(), "\n")
	c.flags(cmd)
	d.reasons(cmd)
	return cmd
}

func (d *duo) updateSettings(ctx context.Context, c consent, args []string) error {
	p := make(duoclient.SettingsParams)
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return fmt.Errorf("%w: settings are written NAME=VALUE", errUsage)
		}
		if _, twice := p[name]; twice {
			return fmt.Errorf("%w: %s is there twice", errUsage, printable(name))
		}
		p[name] = value
	}
	o, admin, err := d.oneAdmin(ctx)
	if err != nil {
		return err
	}
	before, err := admin.Settings.Get(ctx)
	if err != nil {
		return inWhich(o, err)
	}
	changes, err := describeChanges(before, p)
	if err != nil {
		return err
	}
	if ahead, err := d.ask(c, "change the settings"+ofOrg(o)+": "+changes); err != nil || !ahead {
		return err
	}
	deed := helpdesk.Deed{Action: helpdesk.ActionSettingsUpdate, Detail: map[string]string{"changes": changes}}
	var after *duoclient.Settings
	err = d.do(ctx, o, deed, func(ctx context.Context) error {
		after, err = admin.Settings.Update(ctx, p)
		return err
	})
	if err != nil {
		return err
	}
	return d.show(after, "changed the settings"+ofOrg(o)+": "+changes)
}

// describeChanges says what becomes what.
func describeChanges(before *duoclient.Settings, p duoclient.SettingsParams) (string, error) {
	named, err := nameSettings(before)
	if err != nil {
		return "", err
	}
	list := make([]string, 0, len(p))
	for _, name := range slices.Sorted(maps.Keys(p)) {
		list = append(list, fmt.Sprintf("%s from %q to %q", name, named.text(name), p[name]))
	}
	return strings.Join(list, ", "), nil
}
