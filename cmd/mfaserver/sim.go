package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mfaserver/duoclient/duotest"
)

// Where demo and sim listen unless told otherwise.
const (
	demoListen = "127.0.0.1:8443"
	simListen  = "127.0.0.1:8444"
)

// rememberDays is what demo and sim offer unless told otherwise.
const rememberDays = 30

// simFlags are the flags that demo and sim share.
type simFlags struct {
	auto      string
	timeout   time.Duration
	dataDir   string
	readyFile string
	enroll    []string
	users     int
	children  int
	verified  int
	remember  int
}

func (f *simFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.auto, "auto", string(duotest.Ask), "`MODE` of answering prompts: ask, approve, deny or timeout")
	flags.DurationVar(&f.timeout, "auto-timeout", 5*time.Second, "`DURATION` that --auto timeout waits before it gives up")
	flags.StringVar(&f.dataDir, "data-dir", "", "`FOLDER` to keep keys, users and certificates in (default: a temporary one)")
	flags.StringArrayVar(&f.enroll, "enroll", nil, "`NAME` of one more user the simulator knows, with a phone; may be repeated")
	flags.IntVar(&f.users, "users", 0, "`NUMBER` of further people, some with phones, some without, some locked out")
	flags.IntVar(&f.children, "children", 0, "`NUMBER` of child accounts, each with people of its own")
	flags.IntVar(&f.verified, "verified-push", 0, "`DIGITS`, 3 to 6, that the prompt shows and a push asks for (default: none)")
	flags.IntVar(&f.remember, "remember-days", rememberDays, "`DAYS` that the prompt offers to remember a browser for; 0 does not offer it")
	flags.StringVar(&f.readyFile, "ready-file", "", "`FILE` to write as JSON when everything is listening")
}

func newSim(g *globals) *cobra.Command {
	var f simFlags
	var listen string
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run the Duo simulator alone",
		Long: `sim runs the Duo simulator on this machine: the Universal Prompt and its API,
with the user test1 and one phone. Nothing of it is for production.`,
		Example: `  mfaserver sim
  mfaserver sim --listen 127.0.0.1:0 --auto approve --ready-file sim.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSim(cmd.Context(), g.console, f, listen, cmd.Flags().Changed("listen"))
		},
	}
	cmd.Flags().StringVar(&listen, "listen", simListen, "`ADDRESS` to listen on; port 0 takes a free one")
	f.add(cmd)
	return cmd
}

func runSim(ctx context.Context, c console, f simFlags, listen string, fixed bool) error {
	dir, remove, err := demoDir(f.dataDir)
	if err != nil {
		return err
	}
	defer remove()
	state, err := openDemoState(dir, now())
	if err != nil {
		return err
	}
	sim, err := startSim(state, f, listen, fixed, simLogger(c)) //nolint:contextcheck // the simulator lives until Close
	if err != nil {
		return err
	}
	defer sim.Close()
	r := ready{Duo: newReadyDuo(sim.APIHost, state.file("ca.pem"), state.Credentials)}
	if err := r.write(f.readyFile); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.out, simText, sim.URL, f.auto, state.file("ca.pem"), state.Credentials.ClientID, dir); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

const simText = `The Duo simulator is running. It is for trying and testing only.

  address    %s
  prompts    %s
  CA file    %s
  client ID  %s
  state      %s (keys are in demo.json)

Stop it with Ctrl-C.
`

// startSim starts the simulator with the demo user and the users of --enroll.
// When the usual port is taken and none was asked for, it takes a free one.
func startSim(state *demoState, f simFlags, listen string, fixed bool, logger *slog.Logger) (*duotest.Server, error) {
	mode, err := duotest.ParseMode(f.auto)
	if err != nil {
		return nil, fmt.Errorf("%w: --auto: %w", errUsage, err)
	}
	if f.users < 0 || f.users > maxDemoPeople || f.children < 0 || f.children > maxDemoChildren {
		return nil, fmt.Errorf("%w: --users takes up to %d, --children up to %d", errUsage, maxDemoPeople, maxDemoChildren)
	}
	cfg := duotest.Config{
		Listen:       listen,
		Auto:         mode,
		AutoTimeout:  f.timeout,
		Credentials:  state.Credentials,
		CA:           state.ca,
		Logger:       logger,
		Children:     demoChildren(f.children),
		VerifiedPush: f.verified,
		RememberDays: f.remember,
	}
	for i, name := range append([]string{state.Username}, f.enroll...) {
		cfg.Users = append(cfg.Users, duotest.User{
			Name:   name,
			Phones: []duotest.Phone{{Name: "Phone of " + name, Number: fmt.Sprintf("+1734555%04d", 100+i), Activated: true}},
		})
	}
	cfg.Users[0].WebAuthn = []duotest.WebAuthnCredential{{Name: "Key of " + state.Username}}
	cfg.Users = append(cfg.Users, duoPeople(f.users)...)
	sim, err := duotest.NewServer(cfg)
	if errors.Is(err, syscall.EADDRINUSE) && !fixed {
		cfg.Listen = freePort(listen)
		sim, err = duotest.NewServer(cfg)
	}
	if errors.Is(err, duotest.ErrConfig) {
		return nil, fmt.Errorf("%w: simulator: %w", errUsage, err)
	}
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	if err := state.save(sim.Credentials()); err != nil {
		sim.Close()
		return nil, err
	}
	return sim, nil
}

// demoDir returns the folder to work in and what to do with it at the end: a
// folder that was asked for stays, a temporary one goes.
func demoDir(dir string) (path string, remove func(), err error) {
	if dir != "" {
		path, err = filepath.Abs(dir)
		return path, func() {}, err
	}
	path, err = os.MkdirTemp("", "mfaserver-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("temporary folder: %w", err)
	}
	return path, func() { _ = os.RemoveAll(path) }, nil
}
