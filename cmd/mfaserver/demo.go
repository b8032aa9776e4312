package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"mfaserver/internal/config"
	"mfaserver/internal/primary"
	"mfaserver/internal/secret"
)

func newDemo(g *globals) *cobra.Command {
	var f simFlags
	var d demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a server, the Duo simulator and a demo user, and print a session to paste",
		Long: `demo runs everything on this machine: a server, the Duo simulator, and the user
test1 with a made-up password. Nothing else is needed, no Duo account and no
internet. Limits are a hundred times the usual ones. It is not for production.

With --gateway the server stands in front of an engine of the demo's own, which
checks the passwords; with --upstream in front of yours, whose users then log in
with their own passwords (--enroll gives them a phone; without it admin has one).
--upstream-insecure trusts the certificate that the engine shows at the start.

--users makes further people, ada.abel, bruno.birch and so on, all with the same
password: most have a phone, some none, some are locked out or unknown to Duo.
--children makes child accounts, which are organisations here.

With --data-dir the demo keeps its state: started again on the same folder it
has the same keys, password and certificate authority.`,
		Example: `  mfaserver demo
  mfaserver demo --data-dir ./demo --listen 127.0.0.1:9443
  mfaserver demo --auto approve --enroll bob --ready-file demo.json
  mfaserver demo --users 200 --children 3
  mfaserver demo --gateway
  mfaserver demo --upstream https://127.0.0.1:9443 --upstream-insecure --enroll admin`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.listenFixed = cmd.Flags().Changed("listen")
			d.duoListenFixed = cmd.Flags().Changed("duo-listen")
			return runDemo(cmd.Context(), g.console, f, d)
		},
	}
	cmd.Flags().StringVar(&d.listen, "listen", demoListen, "`ADDRESS` of the server; port 0 takes a free one")
	cmd.Flags().StringVar(&d.duoListen, "duo-listen", simListen, "`ADDRESS` of the simulator; port 0 takes a free one")
	cmd.Flags().BoolVar(&d.engine.gateway, "gateway", false, "stand in front of an engine of the demo's own")
	cmd.Flags().StringVar(&d.engine.upstream, "upstream", "", "stand in front of the engine at this `URL`")
	cmd.Flags().StringVar(&d.engine.ca, "upstream-ca", "", "`FILE` with the authority of that engine's certificate")
	cmd.Flags().BoolVar(&d.engine.insecure, "upstream-insecure", false, "trust the certificate that the engine shows at the start")
	f.add(cmd)
	return cmd
}

type demoFlags struct {
	engine                      engineFlags
	listen, duoListen           string
	listenFixed, duoListenFixed bool
}

func runDemo(ctx context.Context, c console, f simFlags, d demoFlags) error {
	if err := d.engine.check(); err != nil {
		return err
	}
	dir, remove, err := demoDir(f.dataDir)
	if err != nil {
		return err
	}
	defer remove()
	state, err := openDemoState(dir, now())
	if err != nil {
		return err
	}
	user := state.Username
	if d.engine.upstream != "" {
		if len(f.enroll) == 0 {
			f.enroll = []string{"admin"}
		}
		user = f.enroll[0]
	}
	engine, err := d.engine.engine(ctx, state, append(slices.Clip(f.enroll), demoUsernames(f.users)...))
	if err != nil {
		return err
	}
	defer engine.close()
	sim, err := startSim(state, f, d.duoListen, d.duoListenFixed, simLogger(c)) //nolint:contextcheck // the simulator lives until Close
	if err != nil {
		return err
	}
	defer sim.Close()
	listener, err := demoListener(ctx, d.listen, d.listenFixed)
	if err != nil {
		return err
	}
	cfg, err := state.writeConfig(listener.Addr(), sim.APIHost, engine.settings(user)+organizations(sim), engine)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return state.serve(ctx, c, cfg, listener, f.users, func() error {
		url := cfg.PublicURLs[0]
		err := ready{
			ServerURL:  url,
			CAFile:     state.file("ca.pem"),
			Username:   user,
			Password:   state.password(engine),
			ConfigFile: state.file("mfaserver.yaml"),
			Duo:        newReadyDuo(sim.APIHost, state.file("ca.pem"), state.Credentials),
		}.write(f.readyFile)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(c.out, state.instructions(url, sim.URL, f.auto, engine, user))
		return err
	})
}

// serve runs the server of the demo; whenReady is called when it listens.
func (s *demoState) serve(ctx context.Context, c console, cfg *config.Config, listener net.Listener, people int, whenReady func() error) error {
	c.tendHeap(ctx)
	logger, level := newLogger(c.err, cfg)
	defer flushLog(ctx, logger)
	a, err := newApp(ctx, cfg, logger, c.self)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer a.close()
	a.level, a.configFile = level, s.file("mfaserver.yaml")
	if cfg.Primary.Upstream == nil {
		if err := s.addAccounts(ctx, a, people); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	return a.serve(ctx, listener, whenReady)
}

// addAccounts makes the accounts of the server's own directory.
func (s *demoState) addAccounts(ctx context.Context, a *app, people int) error {
	if err := s.addUser(ctx, a); err != nil {
		return err
	}
	return s.addPeople(ctx, a, people)
}

// addUser makes the demo user with the password that is kept, once.
func (s *demoState) addUser(ctx context.Context, a *app) error {
	_, err := a.directory.Add(ctx, primary.NewUser{
		Username: s.Username,
		Role:     primary.RoleAdmin,
		Password: secret.New(s.Password),
	})
	if err != nil && !errors.Is(err, primary.ErrUserExists) {
		return fmt.Errorf("demo user: %w", err)
	}
	return nil
}

// demoListener listens where it should; when the usual port is taken and none
// was asked for, on a free one.
func demoListener(ctx context.Context, address string, fixed bool) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) && !fixed {
		listener, err = config.Listen(ctx, "tcp", freePort(address))
	}
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	return listener, nil
}

// freePort is the same address with port 0.
func freePort(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return net.JoinHostPort(host, "0")
}

// writeConfig issues the server's certificate and writes a configuration for
// this run, the same file that any other command can be pointed at.
func (s *demoState) writeConfig(server net.Addr, apiHostname, settings string, engine *demoEngine) (*config.Config, error) {
	_, port, err := net.SplitHostPort(server.String())
	if err != nil {
		return nil, err
	}
	cert, key, err := s.issue()
	if err != nil {
		return nil, fmt.Errorf("demo certificate: %w", err)
	}
	text := fmt.Sprintf(demoConfig, server, port, s.dir, apiHostname,
		s.Credentials.ClientID, s.Credentials.AuthKey, s.Credentials.AdminKey, s.Credentials.AccountsKey,
		engine.primary()+settings)
	path := s.file("mfaserver.yaml")
	err = errors.Join(
		writePrivate(s.file("server.crt"), cert),
		writePrivate(s.file("server.key"), key),
		writePrivate(s.file("client_secret"), []byte(s.Credentials.ClientSecret)),
		writePrivate(s.file("auth_secret"), []byte(s.Credentials.AuthSecret)),
		writePrivate(s.file("admin_secret"), []byte(s.Credentials.AdminSecret)),
		writePrivate(s.file("accounts_secret"), []byte(s.Credentials.AccountsSecret)),
		writePrivate(path, []byte(text)),
	)
	if err != nil {
		return nil, fmt.Errorf("demo configuration: %w", err)
	}
	return config.Load(path)
}

// issue makes the server's certificate.
func (s *demoState) issue() (certPEM, keyPEM []byte, err error) {
	cert, err := s.ca.Issue([]string{"localhost", "127.0.0.1", "::1"}, now())
	if err != nil {
		return nil, nil, err
	}
	return encodePEM(cert)
}

// demoConfig takes the listen address, port, folder, simulator's host, the four
// keys, and who checks passwords.
const demoConfig = `# Written by "mfaserver demo" at every start.
listen: %[1]q
public_urls: ["https://localhost:%[2]s", "https://127.0.0.1:%[2]s"]
allow_loopback_redirect: true
data_dir: %[3]q
tls: {cert_file: "%[3]s/server.crt", key_file: "%[3]s/server.key"}
primary: %[9]s
limits_factor: 100
enrolment: {inline: [{group: "*", until: 2099-12-31}]}
duo:
  simulator: true
  ca: "%[3]s/ca.pem"
  universal: {client_id: %[5]q, client_secret_file: "%[3]s/client_secret", api_hostname: %[4]q}
  auth: {integration_key: %[6]q, secret_key_file: "%[3]s/auth_secret", api_hostname: %[4]q}
  admin: {integration_key: %[7]q, secret_key_file: "%[3]s/admin_secret", api_hostname: %[4]q}
  accounts: {integration_key: %[8]q, secret_key_file: "%[3]s/accounts_secret", api_hostname: %[4]q}
`
