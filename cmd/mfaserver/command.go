package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"

	"mfaserver/internal/config"
	"mfaserver/internal/control"
)

func controlSocket(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "control.sock") }

// errConfigFile: the configuration file cannot be read.
var errConfigFile = errors.New("configuration file")

// loadConfig reads the configuration and takes the secrets it found in the
// environment out of there, where child processes and dumps would see them
// (threat T167).
func loadConfig(path string) (*config.Config, error) {
	return cleaned(config.Load(path))
}

// reloadConfig is loadConfig for a server that runs with before.
func reloadConfig(before *config.Config, path string) (*config.Config, error) {
	return cleaned(before.Reload(path))
}

func cleaned(cfg *config.Config, err error) (*config.Config, error) {
	if err != nil && !errors.Is(err, config.ErrInvalid) {
		return nil, fmt.Errorf("%w: %w", errConfigFile, err)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range cfg.SecretEnvironment() {
		if err := os.Unsetenv(name); err != nil {
			return nil, fmt.Errorf("environment: %w", err)
		}
	}
	return cfg, nil
}

// commands are all that the control socket and the command line can do.
func (a *app) commands() control.Commands {
	commands := (&tokenCommands{tokens: a.tokens, breakGlass: a.breakGlass, app: a}).commands()
	users := (&userCommands{directory: a.directory, sessions: a.sessions, people: a.people, recorder: a.recorder}).commands()
	if a.behind != nil {
		for name := range users {
			users[name] = noLocalUsers
		}
	}
	maps.Copy(commands, users)
	commands["store.backup"] = a.backup
	maps.Copy(commands, (&sessionCommands{sessions: a.sessions, people: a.people}).commands())
	commands["server.health"] = a.healthCommand
	commands["audit.record"] = recordCommand(a.recorder)
	commands[sealingCommand] = a.sealingKeys
	commands[quotaCommand] = takeQuota(a.desk)
	return commands
}

// errEngineUsers: the engine behind has the accounts.
var errEngineUsers = errors.New("this server is a gateway: its users are the engine's; manage them there")

func noLocalUsers(context.Context, control.Caller, json.RawMessage) (any, error) {
	return nil, errEngineUsers
}

// command runs one command where the data is: in the running server when
// there is one, else in this process, which then holds the store meanwhile.
func (g *globals) command(ctx context.Context, name string, args, out any) error {
	cfg, err := loadConfig(g.config)
	if err != nil {
		return err
	}
	client := control.NewClient(controlSocket(cfg), sentinels())
	if err := client.Call(ctx, name, args, out); !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	a, err := newApp(ctx, cfg, slog.New(slog.DiscardHandler), "")
	if err != nil {
		return err
	}
	defer a.close()
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	result, err := a.commands().Run(ctx, control.Self(), name, raw)
	if err != nil {
		return err
	}
	return json.Unmarshal(result, out)
}
