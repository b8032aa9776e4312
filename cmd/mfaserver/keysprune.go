package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/internal/audit"
	"mfaserver/internal/config"
	"mfaserver/internal/control"
	"mfaserver/internal/seal"
	"mfaserver/internal/store/sqlite"
)

// Why an earlier key stays.
var (
	errKeyNeeded = errors.New("earlier keys are still needed; try again when the longest session is over")
	errNotShown  = errors.New("nodes share the store, and what lies there cannot be looked through from here; delete earlier keys by hand on every node, see keys --help")
	errOldKey    = errors.New("the running server seals under an earlier key; restart it first")
)

// sealingCommand tells under which keys a running server seals.
const sealingCommand = "keys.sealing"

// pruneSettle is longer than a login may be on its way from one record to the
// next, in the memory of a running server alone.
const pruneSettle = 15 * time.Second

// prunable are the files whose earlier keys open what is stored. Those of the
// audit trail verify records that stay.
func prunable() []string { return []string{"store.key", "tokens.key", "upstream.key"} }

func newKeysPrune(g *globals) *cobra.Command {
	var c consent
	cmd := &cobra.Command{
		Use:   "prune [NAME...]",
		Short: "Remove earlier keys that nothing stored is sealed with any more",
		Long: `prune looks through the store, and removes the earlier keys of every NAME (store.key,
tokens.key, upstream.key; all of them by default) that nothing in it needs. What is
still needed stays and is listed; with a NAME given, that is a refusal. A server may run
meanwhile, when it was restarted after the last rotation.

A backup of before needs the keys of then: keep a copy of them beside it. Keys of a
store that nodes share are not looked at.`,
		Example: "  mfaserver keys prune --dry-run\n  mfaserver keys prune store.key --yes",
		Args: func(_ *cobra.Command, names []string) error {
			for _, name := range names {
				if !slices.Contains(prunable(), name) {
					return fmt.Errorf("%w: %q is none of %s", errUsage, name, strings.Join(prunable(), ", "))
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, names []string) error { return g.pruneKeys(cmd.Context(), c, names) },
	}
	c.flags(cmd)
	return cmd
}

// pruneRow is an earlier key and how many stored values need it.
type pruneRow struct {
	Name   string `json:"name"`
	ID     string `json:"id"`
	Use    string `json:"use"`
	Values int    `json:"values"`
}

// prunePlan is what a look at the store says.
type prunePlan struct {
	rows []pruneRow
	// live: a server runs, and may carry something in its memory alone.
	live bool
}

// free are the rows that nothing needs.
func (p *prunePlan) free() []pruneRow {
	return slices.DeleteFunc(slices.Clone(p.rows), func(r pruneRow) bool { return r.Values > 0 })
}

func (g *globals) pruneKeys(ctx context.Context, c consent, names []string) error {
	cfg, err := loadConfig(g.config)
	if err != nil {
		return err
	}
	plan, err := planPrune(ctx, cfg, names)
	if err != nil {
		return err
	}
	free := plan.free()
	if len(free) == 0 || len(names) > 0 && len(free) < len(plan.rows) {
		return errors.Join(errKeyNeeded, g.showPruned(plan.rows))
	}
	if c.dryRun {
		return g.showPruned(plan.rows)
	}
	what := make([]string, 0, len(free))
	for _, r := range free {
		what = append(what, r.Name+" "+r.ID)
	}
	if err := confirm(g.console, c.yes, "Really remove "+strings.Join(what, ", ")+"?"); err != nil {
		return err
	}
	if plan.live {
		if plan, err = g.planAgain(ctx, cfg, names); err != nil {
			return err
		}
	}
	for i := range plan.rows {
		if r := &plan.rows[i]; r.Values == 0 && slices.ContainsFunc(free, func(f pruneRow) bool { return f.ID == r.ID }) {
			if err := pruneKey(ctx, cfg, r); err != nil {
				return err
			}
		}
	}
	return g.showPruned(plan.rows)
}

// planAgain looks once more when whatever was on its way has arrived.
func (g *globals) planAgain(ctx context.Context, cfg *config.Config, names []string) (*prunePlan, error) {
	p := g.progress("waiting for what is on its way in the running server")
	defer p.end()
	select {
	case <-time.After(pruneSettle):
		return planPrune(ctx, cfg, names)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pruneKey records and removes.
func pruneKey(ctx context.Context, cfg *config.Config, r *pruneRow) error {
	e := audit.Event{
		Name: audit.KeysChanged, Outcome: audit.OK, Actor: control.Self().String(),
		Detail: map[string]string{"key": r.Name, "change": "prune", "id": r.ID},
	}
	if err := (remoteTrail{cfg}).Record(ctx, e); err != nil {
		return err
	}
	if err := seal.Prune(filepath.Join(cfg.KeysDir, r.Name), r.ID); err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	r.Use = "removed"
	return nil
}

// planPrune lists the earlier keys of names, or of all, with what needs them.
func planPrune(ctx context.Context, cfg *config.Config, names []string) (*prunePlan, error) {
	if cfg.Store.Redis != nil {
		return nil, errNotShown
	}
	present, err := presentOf(cfg, names, prunable())
	if err != nil {
		return nil, err
	}
	plan := &prunePlan{}
	sealing := make(map[string]string)
	err = control.NewClient(controlSocket(cfg), sentinels()).Call(ctx, sealingCommand, struct{}{}, &sealing)
	if plan.live = err == nil; err != nil && !errors.Is(err, control.ErrNotRunning) {
		return nil, err
	}
	var inner []seal.Key
	for _, name := range present {
		ring, err := seal.ReadRing(filepath.Join(cfg.KeysDir, name))
		if err != nil {
			return nil, err
		}
		if now, ok := sealing[name]; ok && now != ring.Current.ID() {
			return nil, fmt.Errorf("%s: %w", name, errOldKey)
		}
		for _, k := range ring.Earlier {
			inner = append(inner, k)
			plan.rows = append(plan.rows, pruneRow{Name: name, ID: k.ID()})
		}
	}
	if len(plan.rows) == 0 {
		return nil, fmt.Errorf("%w: there are no earlier keys", errNothing)
	}
	use, err := keyUse(ctx, cfg, inner)
	if err != nil {
		return nil, err
	}
	for i := range plan.rows {
		r := &plan.rows[i]
		if r.Values, r.Use = use[r.ID], "nothing needs it"; r.Values > 0 {
			r.Use = fmt.Sprintf("needed by %d stored value(s)", r.Values)
		}
	}
	return plan, nil
}

// keyUse counts what needs which key. Where there is no store, nothing does.
func keyUse(ctx context.Context, cfg *config.Config, inner []seal.Key) (map[string]int, error) {
	ring, err := seal.ReadRing(filepath.Join(cfg.KeysDir, "store.key"))
	if err != nil {
		return nil, err
	}
	sealed, err := ring.Sealer()
	if err != nil {
		return nil, err
	}
	use, err := sqlite.KeyUse(ctx, sqlite.Config{Path: storePath(cfg), Sealer: sealed}, inner)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return use, err
}

func (g *globals) showPruned(rows []pruneRow) error {
	if g.output == "json" {
		return printJSON(g.console.out, rows)
	}
	cells := make([][]string, 0, len(rows))
	for _, r := range rows {
		cells = append(cells, []string{r.Name, r.ID, r.Use})
	}
	return table(g.console.out, []string{"NAME", "ID", "USE"}, cells)
}

// sealingKeys is the other end of [sealingCommand].
func (a *app) sealingKeys(context.Context, control.Caller, json.RawMessage) (any, error) {
	return a.sealing, nil
}
