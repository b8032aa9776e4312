package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
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

With --data-dir the demo keeps its state: started again on the same folder it
has the same keys, password and certificate authority.`,
		Example: `  mfaserver demo
  mfaserver demo --data-dir ./demo --listen 127.0.0.1:9443
  mfaserver demo --auto approve --enroll bob --ready-file demo.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.listenFixed = cmd.Flags().Changed("listen")
			d.duoListenFixed = cmd.Flags().Changed("duo-listen")
			return runDemo(cmd.Context(), g.console, f, d)
		},
	}
	cmd.Flags().StringVar(&d.listen, "listen", demoListen, "`address` of the server; port 0 takes a free one")
	cmd.Flags().StringVar(&d.duoListen, "duo-listen", simListen, "`address` of the simulator; port 0 takes a free one")
	f.add(cmd)
	return cmd
}

type demoFlags struct {
	listen, duoListen           string
	listenFixed, duoListenFixed bool
}

func runDemo(ctx context.Context, c console, f simFlags, d demoFlags) error {
	dir, remove, err := demoDir(f.dataDir)
	if err != nil {
		return err
	}
	defer remove()
	state, err := openDemoState(dir, now())
	if err != nil {
		return err
	}
	sim, err := startSim(state, f, d.duoListen, d.duoListenFixed, simLogger(c)) //nolint:contextcheck // the simulator lives until Close
	if err != nil {
		return err
	}
	defer sim.Close()
	listener, err := demoListener(ctx, d.listen, d.listenFixed)
	if err != nil {
		return err
	}
	cfg, err := state.writeConfig(listener.Addr(), sim.APIHost)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return state.serve(ctx, c, cfg, listener, func() error {
		url := cfg.PublicURLs[0]
		err := ready{
			ServerURL:  url,
			CAFile:     state.file("ca.pem"),
			Username:   state.Username,
			Password:   state.Password,
			ConfigFile: state.file("mfaserver.yaml"),
			Duo:        newReadyDuo(sim.APIHost, state.file("ca.pem"), state.Credentials),
		}.write(f.readyFile)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(c.out, state.instructions(url, sim.URL, f.auto))
		return err
	})
}

// serve runs the server of the demo; whenReady is called when it listens.
func (s *demoState) serve(ctx context.Context, c console, cfg *config.Config, listener net.Listener, whenReady func() error) error {
	a, err := newApp(ctx, cfg, newLogger(c.err, cfg))
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer a.close()
	if err := s.addUser(ctx, a); err != nil {
		return errors.Join(err, listener.Close())
	}
	return a.serve(ctx, listener, whenReady)
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
func (s *demoState) writeConfig(server net.Addr, apiHostname string) (*config.Config, error) {
	_, port, err := net.SplitHostPort(server.String())
	if err != nil {
		return nil, err
	}
	cert, key, err := s.issue()
	if err != nil {
		return nil, fmt.Errorf("demo certificate: %w", err)
	}
	text := fmt.Sprintf(demoConfig, server, port, s.dir, apiHostname,
		s.Credentials.ClientID, s.Credentials.AuthKey, s.Credentials.AdminKey, s.Credentials.AccountsKey)
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

// demoConfig takes the listen address, port, folder, simulator's host and the
// four keys.
const demoConfig = `# Written by "mfaserver demo" at every start.
listen: %[1]q
public_urls: ["https://localhost:%[2]s", "https://127.0.0.1:%[2]s"]
data_dir: %[3]q
tls: {cert_file: "%[3]s/server.crt", key_file: "%[3]s/server.key"}
primary: {local: {}}
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

// instructions is the session to paste.
func (s *demoState) instructions(serverURL, simURL, auto string) string {
	return strings.NewReplacer(
		"{server}", serverURL,
		"{sim}", simURL,
		"{auto}", auto,
		"{user}", s.Username,
		"{password}", s.Password,
		"{ca}", s.file("ca.pem"),
		"{jar}", s.file("cookies.txt"),
		"{config}", s.file("mfaserver.yaml"),
	).Replace(demoText)
}

const demoText = `
mfaserver demo is running. It is for trying only; stop it with Ctrl-C.

  server     {server}
  user       {user}
  password   {password}
  simulator  {sim} (prompts: {auto})
  CA file    {ca}
  config     {config}

Log in over the Mirth API, in another terminal:

1. The first call checks the password. It answers 401 with a DuoLoginStatus:

curl --cacert '{ca}' -c '{jar}' -b '{jar}' \
  -H 'X-Requested-With: curl' -H 'X-Mirth-Server-Url: {server}' \
  -d 'username={user}' -d 'password={password}' \
  '{server}/api/users/_login'

   Add -H 'Accept: application/json' for JSON, where the authURL is not escaped.

2. Open its authURL in a browser (in XML, write & for &amp;). The browser warns,
   since it does not know the demo's CA: go on. Press "Approve" on the phone
   that the page shows. The page that follows shows the login data.

3. The second call brings the login data and gets the session:

curl --cacert '{ca}' -c '{jar}' -b '{jar}' \
  -H 'X-Requested-With: curl' -H 'X-Mirth-Login-Data: PASTE-IT-HERE' \
  -d 'username={user}' \
  '{server}/api/users/_login'

4. Use the session, and end it:

curl --cacert '{ca}' -b '{jar}' -H 'X-Requested-With: curl' '{server}/api/users/current'
curl --cacert '{ca}' -b '{jar}' -H 'X-Requested-With: curl' -X POST -i '{server}/api/users/_logout'

`
