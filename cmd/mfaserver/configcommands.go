package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/internal/config"
)

func newConfig(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the settings in force, and every key there is",
		Long: `config shows what the configuration file amounts to. To find its faults, use
"mfaserver check".`,
		Example: `  mfaserver --config /etc/mfaserver/mfaserver.yaml config show
  mfaserver config keys session`,
	}
	cmd.AddCommand(newConfigShow(g), newConfigKeys(g))
	return cmd
}

func newConfigShow(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Print the settings in force, defaults included, without secrets",
		Long: `show reads the configuration file as serve would and prints the settings in force as
YAML, defaults included. In the place of a secret it prints a mark.`,
		Example: `  mfaserver --config /etc/mfaserver/mfaserver.yaml config show`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := loadConfig(g.config)
			if err != nil {
				return err
			}
			if g.output == "json" {
				return fmt.Errorf("%w: config show prints YAML; leave --output out", errUsage)
			}
			_, err = fmt.Fprint(g.console.out, cfg.Redacted())
			return err
		},
	}
}

func newConfigKeys(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "keys [PART]",
		Short: "List the keys of the configuration file, with their defaults and what they do",
		Long: `keys lists every key that the configuration file may have: what it takes, what holds
when it is left out, and what it does. With PART, those whose path begins with it.`,
		Example: `  mfaserver config keys
  mfaserver config keys duo.username
  mfaserver config keys session --output json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var keys []config.Setting
			for _, s := range config.Settings() {
				if len(args) == 0 || strings.HasPrefix(s.Path, args[0]) {
					keys = append(keys, s)
				}
			}
			if len(keys) == 0 {
				return fmt.Errorf("%w: no key begins with %q; mfaserver config keys lists all", errUsage, args[0])
			}
			return g.printKeys(keys)
		},
	}
}

// configKey is a key as programs read it.
type configKey struct {
	Key     string   `json:"key"`
	Aliases []string `json:"aliases,omitempty"`
	Takes   string   `json:"takes"`
	Default string   `json:"default,omitempty"`
	Meaning string   `json:"meaning,omitempty"`
}

func (g *globals) printKeys(keys []config.Setting) error {
	if g.output == "json" {
		out := make([]configKey, 0, len(keys))
		for _, k := range keys {
			out = append(out, configKey{Key: k.Path, Aliases: k.Aliases, Takes: k.Takes, Default: k.Default, Meaning: k.Meaning})
		}
		return printJSON(g.console.out, out)
	}
	for _, k := range keys {
		takes := k.Takes
		if k.Default != "" {
			takes += "; default " + k.Default
		}
		if _, err := fmt.Fprintf(g.console.out, "%s  (%s)\n", k.Path, takes); err != nil {
			return err
		}
		if k.Meaning == "" {
			continue
		}
		if _, err := fmt.Fprintf(g.console.out, "    %s\n", k.Meaning); err != nil {
			return err
		}
	}
	return nil
}
