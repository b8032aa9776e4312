package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"mfaserver/internal/apiclient"
	"mfaserver/internal/audit"
	"mfaserver/internal/control"
	"mfaserver/internal/loadgen"
	"mfaserver/internal/primary"
	"mfaserver/internal/seal"
	"mfaserver/internal/store/redis"
	"mfaserver/internal/store/sqlite"
	"mfaserver/internal/token"
	"mfaserver/session"
)

// Exit codes. They are part of the command's interface: scripts may rely on
// them.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitConfig      = 3
	exitRefused     = 4
	exitUnavailable = 5
)

// console is where a command reads and writes.
type console struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	// self starts this program again; empty where nothing may.
	self string
	// alone says that nothing else runs in this process.
	alone bool
}

// complain writes to standard error, where nothing can be done about a failure.
func (c console) complain(format string, args ...any) { _, _ = fmt.Fprintf(c.err, format, args...) }

// errUsage marks a command line that cannot be understood.
var errUsage = errors.New("usage")

// globals are the flags that every command knows.
type globals struct {
	console console
	config  string
	output  string
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, c console) int {
	root := newRoot(c) //nolint:contextcheck // commands take theirs from ExecuteContext
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if code, ok := errors.AsType[commandExitError](err); ok {
		return int(code)
	}
	c.complain("mfaserver: %s\n", sentence(err))
	if errors.Is(err, errUsage) {
		c.complain("Run the command with --help to see how it is used.\n")
	}
	if text := advice(err); text != "" {
		c.complain("%s\n", text)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	switch {
	case errors.Is(err, errUsage):
		return exitUsage
	case isAny(err, reloadFaults()...):
		return exitConfig
	case isAny(err, errConfigFile, errCheck, errOutdated, redis.ErrWrongKey, redis.ErrEviction, redis.ErrCluster, redis.ErrVersion):
		return exitConfig
	case isAny(err, refusals()...):
		return exitRefused
	case isAny(err, control.ErrNotRunning, control.ErrSocketBusy, sqlite.ErrLocked, redis.ErrUnreachable, redis.ErrNotPrimary, redis.ErrReplicas, primary.ErrUnavailable, audit.ErrLocked):
		return exitUnavailable
	case isAny(err, failures()...):
		return exitUnavailable
	case isAny(err, apiclient.ErrRefused, apiclient.ErrLoginData, apiclient.ErrJar, errNotConfirmed, errNobody, loadgen.ErrRealDuo, loadgen.ErrNotConfirmed):
		return exitRefused
	case isAny(err, errCAFile):
		return exitConfig
	case isAny(err, apiclient.ErrUnavailable, loadgen.ErrCallback):
		return exitUnavailable
	default:
		return max(duoExit(err), exitFailure)
	}
}

// refusals are the errors by which a command refuses what it was asked to do.
func refusals() []error {
	return []error{
		primary.ErrUserExists, primary.ErrUserUnknown, primary.ErrBadUsername, primary.ErrBadPassword,
		primary.ErrBadRole, primary.ErrLastAdmin, primary.ErrRefused, token.ErrArgument, token.ErrRefused, session.ErrNotFound, session.ErrAmbiguous,
		errNothing, errNotPrepared, errKeyNeeded, errNotShown, errOldKey, seal.ErrPrepared, seal.ErrNoFile, errEngineUsers, errNoFile, sqlite.ErrBackupExists, control.ErrForbidden, control.ErrArguments, errConfirm,
	}
}

// failures are the errors by which a running server says that what a command
// needs does not answer: the engine, the store, the audit trail.
func failures() []error {
	return []error{primary.ErrUnavailable, token.ErrUnavailable, session.ErrUnavailable, errNoEngine}
}

// sentinels are the errors that keep their identity on the way through the
// control socket.
func sentinels() []error { return slices.Concat(refusals(), failures(), reloadFaults()) }

func isAny(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

func newRoot(c console) *cobra.Command {
	g := &globals{console: c}
	root := &cobra.Command{
		Use:   "mfaserver",
		Short: "Duo multi-factor login for Mirth-style integration engines",
		Long: `mfaserver puts Duo multi-factor authentication in front of Mirth Connect, Open
Integration Engine and BridgeLink. It speaks the engine's own login API.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 configuration, keys or clock
refused, 4 request refused, 5 server, store or Duo not available.`,
		Example: `  mfaserver demo
  mfaserver --config /etc/mfaserver/mfaserver.yaml serve
  mfaserver --config /etc/mfaserver/mfaserver.yaml users add alice --role admin`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.PersistentFlags().StringVar(&g.config, "config", defaultConfig(), "configuration `FILE` (or MFASERVER_CONFIG)")
	root.PersistentFlags().StringVar(&g.output, "output", "table", "`FORMAT` of results: table or json")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := cmd.ValidateRequiredFlags(); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		if g.output != "table" && g.output != "json" {
			return fmt.Errorf("%w: --output takes table or json", errUsage)
		}
		return nil
	}
	root.AddCommand(
		newServe(g), newHashPasswords(g), newReload(g), newDemo(g), newSim(g), newCheck(g), newHealth(g), newConfig(g), newUsers(g), newSessions(g), newTokens(g),
		newAudit(g), newBackup(g), newKeys(g), newDuo(g), newLogin(g), newLogout(g), newBench(g), newMan(g), newVersion(g),
	)
	return root
}

func defaultConfig() string {
	if path := os.Getenv("MFASERVER_CONFIG"); path != "" {
		return path
	}
	return "/etc/mfaserver/mfaserver.yaml"
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%w: %q is not a command of %q", errUsage, args[0], cmd.CommandPath())
	}
	return nil
}

func oneName(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: give the user's name", errUsage)
	}
	return nil
}
