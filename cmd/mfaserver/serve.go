package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"mfaserver/internal/heap"
)

func newServe(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `serve runs the server with the configuration file until SIGTERM or Ctrl-C. It
then stops accepting, lets running requests end for up to 15 seconds, and exits.`,
		Example: "  mfaserver --config /etc/mfaserver/mfaserver.yaml serve",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runServe(cmd.Context(), g)
		},
	}
}

func runServe(ctx context.Context, g *globals) error {
	if err := harden(); err != nil {
		return fmt.Errorf("forbidding dumps: %w", err)
	}
	cfg, err := loadConfig(g.config)
	if err != nil {
		return err
	}
	g.console.tendHeap(ctx)
	logger, level := newLogger(g.console.err, cfg)
	defer flushLog(ctx, logger)
	a, err := newApp(ctx, cfg, logger, g.console.self)
	if err != nil {
		return err
	}
	defer a.close()
	a.level, a.configFile = level, g.config
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	if cfg.Duo.Simulator {
		logger.WarnContext(ctx, "duo.simulator is on: second factors come from a simulator; never in production")
	}
	return a.serve(ctx, listener, func() error {
		logger.InfoContext(ctx, "ready", "address", listener.Addr().String(), "public_urls", cfg.PublicURLs)
		return a.underManager(ctx)
	})
}

// tendHeap bounds the garbage of this process until ctx ends, unless whoever
// started it does.
func (c console) tendHeap(ctx context.Context) {
	if _, set := os.LookupEnv("GOGC"); c.alone && !set {
		go heap.Tend(ctx)
	}
}
