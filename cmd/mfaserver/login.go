package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/internal/apiclient"
	"mfaserver/internal/secret"
)

var (
	// errCancelled: somebody pressed Ctrl-C.
	errCancelled = errors.New("cancelled; nobody was signed in")
	// errNotConfirmed: Duo sent the browser back with a no.
	errNotConfirmed = errors.New("the sign-in was not confirmed by Duo")
	// errNobody: the time is over.
	errNobody = errors.New("nobody confirmed the sign-in")
	// errCAFile: the file holds no certificate.
	errCAFile = errors.New("--ca-file holds no certificate in PEM")
)

// loginFlags are those of login. What logout has too comes first.
type loginFlags struct {
	server, caFile, jar string

	user             string
	password         passwordSource
	noBrowser, paste bool
	timeout          time.Duration
}

func newLogin(g *globals) *cobra.Command {
	var f loginFlags
	cmd := &cobra.Command{
		Use:   "login --server URL [-- COMMAND ...]",
		Short: "Sign in to a server from a terminal, for curl or for a command",
		Long: `login signs in to a server at its login API. It asks for the password, opens a
browser for Duo's prompt, and goes on by itself when that was confirmed. The browser
comes back to a port of this machine, which the server must allow
(allow_loopback_redirect); with --paste you paste what the last page shows instead, and
the browser may be on another machine. Where the server asks by push, or the password is
a sign-in code, a service token or has a passcode behind a comma, there is no browser.

The session is printed, or written to a cookie jar that curl reads, or given to a
command, which runs with it and is followed by a logout. The command finds in its
environment MFASERVER_URL, MFASERVER_USER, MFASERVER_COOKIE (the value of a Cookie
header) and MFASERVER_COOKIE_JAR (a file for curl -b), and its exit code is that of login.

No password and no session is ever an argument of a command.`,
		Example: `  mfaserver login --server https://mirth.example.org:8443 --user alice --cookie-jar jar
  mfaserver login --server https://mirth.example.org:8443 --user alice --paste
  mfaserver login --server https://mirth.example.org:8443 --user alice -- ./nightly.sh --all`,
		Args: commandAfterDash,
		RunE: func(cmd *cobra.Command, command []string) error {
			return runLogin(cmd.Context(), g, f, command)
		},
	}
	flags := cmd.Flags()
	f.addCommon(cmd)
	flags.StringVar(&f.user, "user", "", "sign in as the user `NAME`; left out, it is asked for")
	addPasswordFlags(cmd, &f.password)
	flags.BoolVar(&f.noBrowser, "no-browser", false, "print the address to open instead of opening it")
	flags.BoolVar(&f.paste, "paste", false, "ask for the login data that the last page shows")
	flags.DurationVar(&f.timeout, "timeout", 10*time.Minute, "wait so long for the confirmation: a `DURATION` such as 5m")
	return cmd
}

// addCommon adds what login and logout share.
func (f *loginFlags) addCommon(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "the server's public `URL`; required")
	flags.StringVar(&f.caFile, "ca-file", "", "`FILE` with the authority of the server's certificate")
	flags.StringVar(&f.jar, "cookie-jar", "", "`FILE` that curl -b reads")
	_ = cmd.MarkFlagRequired("server") // the flag is there
}

// commandAfterDash takes arguments behind -- alone.
func commandAfterDash(cmd *cobra.Command, args []string) error {
	switch at := cmd.ArgsLenAtDash(); {
	case at < 0 && len(args) > 0, at > 0:
		return fmt.Errorf("%w: %q is not understood; put a command to run behind --", errUsage, args[0])
	case at == 0 && len(args) == 0:
		return fmt.Errorf("%w: there is no command behind --", errUsage)
	default:
		return nil
	}
}

// client is what speaks to the server. A session that the jar has is replaced
// by a new one, which ends it.
func (f *loginFlags) client() (*apiclient.Client, error) {
	config := apiclient.Config{Server: f.server, UserAgent: "mfaserver/" + programVersion() + " (terminal)"}
	if f.caFile != "" {
		pem, err := os.ReadFile(f.caFile)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errCAFile, err)
		}
		config.CA = x509.NewCertPool()
		if !config.CA.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%w: %s", errCAFile, f.caFile)
		}
	}
	if f.jar != "" {
		jar, err := apiclient.ReadJar(f.jar)
		if err != nil {
			return nil, err
		}
		config.Replaces = jar.Session(f.server)
	}
	client, err := apiclient.New(config)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", errUsage, sentence(err))
	}
	return client, nil
}

func runLogin(ctx context.Context, g *globals, f loginFlags, command []string) error {
	if err := f.check(command); err != nil {
		return err
	}
	client, err := f.client()
	if err != nil {
		return err
	}
	defer client.Close()
	username, password, err := f.credentials(ctx, g.console)
	if err != nil {
		return cancelled(ctx, err)
	}
	l := &terminalLogin{console: g.console, client: client, flags: f, username: username}
	session, err := l.signIn(ctx, password)
	if err != nil {
		return cancelled(ctx, err)
	}
	if session.Message != "" {
		g.console.complain("%s\n", printable(session.Message))
	}
	if len(command) > 0 {
		return l.run(ctx, session, command)
	}
	return l.hand(ctx, g, session)
}

// check finds what would be in the way once there is a session.
func (f *loginFlags) check(command []string) error {
	if f.timeout <= 0 {
		return fmt.Errorf("%w: --timeout takes a duration such as 5m", errUsage)
	}
	if len(command) > 0 {
		if _, err := exec.LookPath(command[0]); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
	}
	if f.jar == "" {
		return nil
	}
	jar, err := apiclient.ReadJar(f.jar)
	if err != nil {
		return err
	}
	return jar.Writable()
}

// credentials asks for what the flags do not give. A password from the
// environment is taken out of there, so that no other program gets it.
func (f *loginFlags) credentials(ctx context.Context, c console) (string, secret.Secret, error) {
	if f.user == "" {
		name, err := askName(ctx, c, "User: ")
		if err != nil {
			return "", secret.Secret{}, err
		}
		if name == "" {
			return "", secret.Secret{}, fmt.Errorf("%w: --user names who signs in", errUsage)
		}
		f.user = name
	}
	password, err := f.password.readOnce(ctx, c, "Password of "+printable(f.user))
	if err == nil && f.password.env != "" {
		err = os.Unsetenv(f.password.env)
	}
	return f.user, password, err
}

// cancelled is what people read who pressed Ctrl-C.
func cancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return errCancelled
	}
	return err
}

// hand gives the session to the person at the terminal, or to the jar. One that
// cannot be handed over is ended.
func (l *terminalLogin) hand(ctx context.Context, g *globals, s *apiclient.Session) error {
	if l.flags.jar != "" {
		if err := l.keep(s); err != nil {
			return errors.Join(err, l.logout(ctx, s))
		}
	}
	shown := loginView{Server: l.client.Server(), Username: s.Username, Status: string(s.Status), Message: s.Message, CookieJar: l.flags.jar}
	if l.flags.jar == "" {
		shown.Cookie = s.Cookie.Header().Reveal()
	}
	if g.output == "json" {
		return printJSON(g.console.out, shown)
	}
	rows := [][]string{{"server", shown.Server}, {"user", shown.Username}}
	if shown.Cookie != "" {
		rows = append(rows, []string{"cookie", shown.Cookie})
	} else {
		rows = append(rows, []string{"cookie jar", shown.CookieJar})
	}
	return tableRows(g.console.out, rows)
}

// loginView is a session as login prints it: the cookie itself, or the jar
// that has it.
type loginView struct {
	Server    string `json:"server"`
	Username  string `json:"username"`
	Status    string `json:"status"`
	Message   string `json:"message"`
	Cookie    string `json:"cookie,omitempty"`
	CookieJar string `json:"cookie_jar,omitempty"`
}

// keep writes the session into the jar as it is by now.
func (l *terminalLogin) keep(s *apiclient.Session) error {
	jar, err := apiclient.ReadJar(l.flags.jar)
	if err != nil {
		return err
	}
	jar.Put(l.client.Server(), s.Cookie)
	return jar.Write()
}

// logout ends the session, whatever became of ctx.
func (l *terminalLogin) logout(ctx context.Context, s *apiclient.Session) error {
	err := l.client.Logout(context.WithoutCancel(ctx), s.Cookie.Value)
	if errors.Is(err, apiclient.ErrNoSession) {
		return nil
	}
	return err
}

// say says something to a person between the questions.
func (l *terminalLogin) say(lines ...string) {
	l.console.complain("%s\n", strings.Join(lines, "\n"))
}
