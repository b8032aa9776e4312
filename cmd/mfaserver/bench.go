package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/internal/loadgen"
	"mfaserver/internal/secret"
)

var (
	// errFailedLogins: a run came to its end, but not all its logins succeeded.
	errFailedLogins = errors.New("not all logins succeeded")
	// errBenchInterrupted: somebody pressed Ctrl-C.
	errBenchInterrupted = errors.New("interrupted; the report tells of the logins until then")
)

func newBench(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bench",
		Short:   "Measure a running server",
		Long:    "bench measures a running server from outside.",
		Example: "  mfaserver bench login --help",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchLogin(g))
	return cmd
}

// benchFlags are those of bench login.
type benchFlags struct {
	server, caFile   string
	users            []string
	usersFile        string
	password         passwordSource
	clients, logins  int
	rate             float64
	duration         time.Duration
	keepSessions     bool
	loginsOrDuration bool // one of both was given
}

func newBenchLogin(g *globals) *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "login --server URL --user NAME",
		Short: "Play many logins against a server and say how long each part took",
		Long: `bench login plays whole logins against a server: the call with the password, the
browser at Duo's prompt and at the callback page, the call with the login data, and the
logout, by many clients at a time. It prints how long each of these took and what came of
the logins. Nobody is asked anything, so the Duo behind the server must be a simulator
that approves by itself, as that of "mfaserver demo --auto approve" is; nothing is ever
sent to Duo's own hosts.

One login is played first. When it fails, that is said, and there is no run.

Users log in in turns. A server lets a user have only so many unfinished logins and
sessions at a time: with many clients, name many users. All have the same password,
unless --users-file says otherwise: it has a name in each line, and behind a tab the
password of that user, if it is another one. A password is never an argument.

With --rate logins begin at that pace whether or not the ones before are done, and a
login that had to wait for a free client counts its waiting. Without it each client
begins the next login when one is over.

Exit code 1 means that some logins failed.`,
		Example: `  mfaserver bench login --server https://localhost:8443 --ca-file demo/ca.pem --user test1 --password-file password
  mfaserver bench login --server https://localhost:8443 --ca-file demo/ca.pem --users-file people \
    --password-file password --clients 64 --rate 200 --duration 1m --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.loginsOrDuration = cmd.Flags().Changed("logins") && !cmd.Flags().Changed("duration")
			return runBenchLogin(cmd.Context(), g, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "the server's public `URL`; required")
	flags.StringVar(&f.caFile, "ca-file", "", "`FILE` with the authorities of the server's and the simulator's certificates")
	flags.StringArrayVar(&f.users, "user", nil, "`NAME` of a user who logs in; may be given more than once")
	flags.StringVar(&f.usersFile, "users-file", "", "`FILE` with a user in each line")
	addPasswordFlags(cmd, &f.password)
	flags.IntVar(&f.clients, "clients", 8, "`NUMBER` of clients at a time")
	flags.Float64Var(&f.rate, "rate", 0, "`NUMBER` of logins that begin in a second; 0: as many as the clients manage")
	flags.DurationVar(&f.duration, "duration", 10*time.Second, "how long logins begin: a `DURATION` such as 30s")
	flags.IntVar(&f.logins, "logins", 0, "stop after this `NUMBER` of logins; without --duration the time is not limited otherwise")
	flags.BoolVar(&f.keepSessions, "keep-sessions", false, "do not log out")
	_ = cmd.MarkFlagRequired("server") // the flag is there
	return cmd
}

func runBenchLogin(ctx context.Context, g *globals, f benchFlags) error {
	users, err := f.who(ctx, g.console)
	if err != nil {
		return err
	}
	ca, err := readCA(f.caFile)
	if err != nil {
		return err
	}
	if f.loginsOrDuration {
		f.duration = loadgen.MaxDuration
	}
	generator, err := loadgen.New(loadgen.Config{
		Server: f.server, CA: ca, Users: users, Clients: f.clients, Rate: f.rate, Duration: f.duration, Logins: f.logins,
		KeepSessions: f.keepSessions, UserAgent: "mfaserver/" + programVersion() + " (bench)", Now: now,
	})
	if err != nil {
		return fmt.Errorf("%w: %s", errUsage, strings.TrimPrefix(sentence(err), sentence(loadgen.ErrConfig)+": "))
	}
	stop := g.benchProgress(generator)
	report, err := generator.Run(ctx)
	stop()
	if err != nil {
		if ctx.Err() != nil {
			return errBenchInterrupted
		}
		return err
	}
	if err := g.printBench(report); err != nil {
		return err
	}
	switch {
	case report.Interrupted:
		return errBenchInterrupted
	case report.Succeeded < report.Logins:
		return fmt.Errorf("%w: %d of %d failed", errFailedLogins, report.Logins-report.Succeeded, report.Logins)
	default:
		return nil
	}
}

// readCA reads --ca-file; nil without one.
func readCA(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCAFile, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%w: %s", errCAFile, path)
	}
	return pool, nil
}

// maxUsers bounds --users-file.
const maxUsers = 1_000_000

// who reads the users and their passwords. The common password is asked for
// only if somebody needs it.
func (f *benchFlags) who(ctx context.Context, c console) ([]loadgen.User, error) {
	var users []loadgen.User
	for _, name := range f.users {
		users = append(users, loadgen.User{Name: name})
	}
	if f.usersFile != "" {
		text, err := os.ReadFile(f.usersFile)
		if err != nil {
			return nil, fmt.Errorf("users file: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			name, password, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
			if name != "" {
				users = append(users, loadgen.User{Name: name, Password: secret.New(password)})
			}
		}
	}
	if len(users) == 0 || len(users) > maxUsers {
		return nil, fmt.Errorf("%w: name those who log in with --user or --users-file, up to %d", errUsage, maxUsers)
	}
	var common secret.Secret
	for i := range users {
		if !users[i].Password.IsZero() {
			continue
		}
		if common.IsZero() {
			var err error
			if common, err = f.password.readOnce(ctx, c, "Password of "+printable(users[i].Name)); err != nil {
				return nil, err
			}
		}
		users[i].Password = common
	}
	return users, nil
}
