package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"mfaserver/internal/control"
)

// errNoFile: what is kept on Redis is backed up there.
var errNoFile = errors.New("the store is on Redis; back it up there")

type backupArgs struct {
	Path string `json:"path"`
}

func newBackup(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the store, while it is in use",
		Long: `backup writes a whole copy of the store as of one moment. To restore it, stop the
server and put the copy in the place of data.db, with no data.db-wal and data.db-shm
beside it. All sessions and pending logins in it are then over: which of them ended
after the backup is not known.

The copy is sealed. It is of no use without the keys (keys_dir): back those up too,
in another place.`,
		Example: "  mfaserver backup /var/backups/mfaserver-2026-11-22.db",
		Args: func(_ *cobra.Command, paths []string) error {
			if len(paths) != 1 {
				return fmt.Errorf("%w: give the file to write", errUsage)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, paths []string) error {
			path, err := filepath.Abs(paths[0])
			if err != nil {
				return err
			}
			progress := g.progress("copying")
			var done backupArgs
			err = g.command(cmd.Context(), "store.backup", backupArgs{Path: path}, &done)
			progress.end()
			if err != nil {
				return err
			}
			if g.output == "json" {
				return printJSON(g.console.out, done)
			}
			_, err = fmt.Fprintf(g.console.out, "wrote %s\n", printable(done.Path))
			return err
		},
	}
}

// backup serves store.backup.
func (a *app) backup(ctx context.Context, _ control.Caller, raw json.RawMessage) (any, error) {
	args, err := control.Decode[backupArgs](raw)
	if err != nil {
		return nil, err
	}
	if a.file == nil {
		return nil, errNoFile
	}
	return args, a.file.Backup(ctx, args.Path)
}
