package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mfaserver/internal/audit"
	"mfaserver/internal/config"
	"mfaserver/internal/control"
	"mfaserver/internal/seal"
)

// rotatable are the files of keys: those that seal what is stored, and that of
// the audit trail.
func rotatable() []string { return []string{"store.key", "tokens.key", "upstream.key", auditKeyFile} }

// errNotPrepared: other nodes could not open what this one would seal.
var errNotPrepared = errors.New("nodes share the store and no next key was prepared; run keys prepare, copy keys_dir to every node, restart each, and then rotate")

func newKeys(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List, rotate and remove the keys of what is stored and of the audit trail",
		Long: `keys manages what lies in keys_dir: store.key, tokens.key and upstream.key seal what
is stored, and audit.key chains the audit trail. Rotating puts a new key in the place
of the old one, which stays beside it as NAME.ID: the server uses the new one from its
next start on, and still opens and verifies what the old one made. Nobody is signed out.

On one server: keys rotate, then restart it. Where nodes share a store: keys prepare,
copy keys_dir to every node, restart each; then keys rotate, copy and restart again.

An earlier key is removed with keys prune when nothing under it is left: of store.key
and upstream.key when the longest session is over, of tokens.key after a start with the
new one. Where nodes share a store delete it by hand, on every node, when the longest
session and the day of the limits are over (24 hours by default); sooner ends what it
sealed. An earlier key of audit.key verifies what it made: keep it for as long as those
records. It also told unknown usernames apart; after a change the same name looks new.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeysList(g), newKeysPrepare(g), newKeysRotate(g), newKeysPrune(g))
	return cmd
}

// keyRow is one key as it is listed; never the key itself.
type keyRow struct {
	Name string `json:"name"`
	ID   string `json:"id"`
	Use  string `json:"use"`
}

func newKeysList(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the keys by name and id",
		Example: "  mfaserver keys list\n  mfaserver keys list --output json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := loadConfig(g.config)
			if err != nil {
				return err
			}
			rows, err := listKeys(cfg)
			if err != nil {
				return err
			}
			return g.showKeys(rows)
		},
	}
}

func (g *globals) showKeys(rows []keyRow) error {
	if g.output == "json" {
		return printJSON(g.console.out, rows)
	}
	cells := make([][]string, 0, len(rows))
	for _, r := range rows {
		cells = append(cells, []string{r.Name, r.ID, r.Use})
	}
	return table(g.console.out, []string{"NAME", "ID", "USE"}, cells)
}

func listKeys(cfg *config.Config) ([]keyRow, error) {
	rows := []keyRow{}
	for _, name := range rotatable() {
		r, err := seal.ReadRing(filepath.Join(cfg.KeysDir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		seals, opens := "seals", "opens"
		if name == auditKeyFile {
			seals, opens = "chains", "verifies"
		}
		rows = append(rows, keyRow{name, r.Current.ID(), seals})
		if !r.Next.IsZero() {
			rows = append(rows, keyRow{name, r.Next.ID(), "prepared: " + opens + ", " + seals + " after keys rotate"})
		}
		for _, k := range r.Earlier {
			rows = append(rows, keyRow{name, k.ID(), "earlier: " + opens})
		}
	}
	return rows, nil
}

// keyChange is one of the two commands that write to keys_dir.
type keyChange struct {
	consent

	// verb and past are the words for it.
	verb, past string
	change     func(path string) (seal.Key, error)
	check      func(cfg *config.Config, name string) error
}

func newKeysPrepare(g *globals) *cobra.Command {
	return newKeyChange(g, &keyChange{verb: "prepare", past: "prepared", change: seal.Prepare}, &cobra.Command{
		Use:   "prepare [NAME...]",
		Short: "Make the next keys, which open and do not seal yet",
		Long: `prepare makes the keys that are to follow, of every NAME (store.key, tokens.key,
upstream.key, audit.key; all of them by default). A server opens with them from its next start on,
and seals under the present ones until keys rotate.`,
		Example: "  mfaserver keys prepare --yes\n  mfaserver keys prepare store.key --dry-run",
	})
}

func newKeysRotate(g *globals) *cobra.Command {
	return newKeyChange(g, &keyChange{verb: "rotate", past: "rotated", change: rotateKey, check: preparedFirst}, &cobra.Command{
		Use:   "rotate [NAME...]",
		Short: "Put the next keys in the place of the present ones",
		Long: `rotate makes a new key for every NAME (store.key, tokens.key, upstream.key,
audit.key; all of them by default), or takes the prepared one. The present keys stay
beside them, and still open and verify. A running server goes on with the keys it has; restart it.`,
		Example: "  mfaserver keys rotate --yes\n  mfaserver keys rotate store.key --dry-run",
	})
}

func rotateKey(path string) (seal.Key, error) {
	r, err := seal.Rotate(path)
	return r.Current, err
}

// preparedFirst keeps a node from sealing what the others cannot open.
func preparedFirst(cfg *config.Config, name string) error {
	if cfg.Store.Redis == nil {
		return nil
	}
	r, err := seal.ReadRing(filepath.Join(cfg.KeysDir, name))
	if err == nil && r.Next.IsZero() {
		return fmt.Errorf("%s: %w", name, errNotPrepared)
	}
	return err
}

func newKeyChange(g *globals, k *keyChange, cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(_ *cobra.Command, names []string) error {
		for _, name := range names {
			if !slices.Contains(rotatable(), name) {
				return fmt.Errorf("%w: %q is none of %s", errUsage, name, strings.Join(rotatable(), ", "))
			}
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, names []string) error { return g.changeKeys(cmd.Context(), k, names) }
	k.flags(cmd)
	return cmd
}

// changeKeys does what k says to every named key, or to all there are. Each
// is recorded before it is done.
func (g *globals) changeKeys(ctx context.Context, k *keyChange, names []string) error {
	cfg, err := loadConfig(g.config)
	if err != nil {
		return err
	}
	if names, err = presentKeys(cfg, names); err != nil {
		return err
	}
	for _, name := range names {
		if k.check != nil {
			if err := k.check(cfg, name); err != nil {
				return err
			}
		}
	}
	what := k.verb + " " + strings.Join(names, ", ")
	if k.dryRun {
		if g.output == "json" {
			return printJSON(g.console.out, planned{DryRun: true, Would: what})
		}
		_, err := fmt.Fprintln(g.console.out, "would "+what)
		return err
	}
	if err := confirm(g.console, k.yes, "Really "+what+"?"); err != nil {
		return err
	}
	rows := make([]keyRow, 0, len(names))
	for _, name := range names {
		e := audit.Event{Name: audit.KeysChanged, Outcome: audit.OK, Actor: control.Self().String(), Detail: map[string]string{"key": name, "change": k.verb}}
		if err := (remoteTrail{cfg}).Record(ctx, e); err != nil {
			return err
		}
		key, err := k.change(filepath.Join(cfg.KeysDir, name))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, keyRow{name, key.ID(), k.past})
	}
	if err := g.showKeys(rows); err != nil || g.output == "json" {
		return err
	}
	_, err = fmt.Fprintln(g.console.out, "Restart the server to use them.")
	return err
}

// presentKeys are those of names that there are; all must be when named.
func presentKeys(cfg *config.Config, names []string) ([]string, error) {
	return presentOf(cfg, names, rotatable())
}

// presentOf is presentKeys where no names are all of another list.
func presentOf(cfg *config.Config, names, all []string) ([]string, error) {
	named := len(names) > 0
	if !named {
		names = all
	}
	var present []string
	for _, name := range names {
		switch _, err := seal.ReadRing(filepath.Join(cfg.KeysDir, name)); {
		case err == nil:
			present = append(present, name)
		case named || !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	if len(present) == 0 {
		return nil, fmt.Errorf("%w: %s has no keys yet; serve makes them", errNothing, cfg.KeysDir)
	}
	return present, nil
}
