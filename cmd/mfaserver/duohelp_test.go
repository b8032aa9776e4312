package main_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	main "mfaserver/cmd/mfaserver"
)

// leaves are the commands below one that have none below them.
func leaves(cmd *cobra.Command) []*cobra.Command {
	if !cmd.HasSubCommands() {
		return []*cobra.Command{cmd}
	}
	var all []*cobra.Command
	for _, sub := range cmd.Commands() {
		all = append(all, leaves(sub)...)
	}
	return all
}

func duoRoot(t *testing.T) *cobra.Command {
	t.Helper()
	cmd, _, err := main.Root().Find([]string{"duo"})
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// named are the commands that people know, by their names.
const named = `accounts list|create|delete|call
auth ping|check|send|enroll|call
admin call
bypass list|get|create|delete
phones list|get|create|update|delete|assign|unassign|activation-url|sms-activation|sms-installation|sms-passcodes
settings get|update
users list|get|create|update|delete|enroll|sync|phones|bypass|report|verify
groups list|get|create|update|delete
tokens list|get
integrations list|get
admins list|get
logs authentication|administrator|telephony
orgs list|discover`

func TestDuoCommandNames(t *testing.T) {
	t.Parallel()
	var have []string
	for _, cmd := range leaves(duoRoot(t)) {
		have = append(have, cmd.CommandPath())
	}
	for line := range strings.SplitSeq(named, "\n") {
		noun, verbs, _ := strings.Cut(line, " ")
		for verb := range strings.SplitSeq(verbs, "|") {
			if path := "mfaserver duo " + noun + " " + verb; !slices.Contains(have, path) {
				t.Errorf("there is no command %q", path)
			}
		}
	}
}

func TestDuoHelp(t *testing.T) {
	t.Parallel()
	for _, cmd := range leaves(duoRoot(t)) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help %q", cmd.CommandPath(), cmd.Short)
		}
		if !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s: its example does not show it: %q", cmd.CommandPath(), cmd.Example)
		}
		for line := range strings.SplitSeq(cmd.Long, "\n") {
			if len(line) > 100 {
				t.Errorf("%s: help has a line of %d characters", cmd.CommandPath(), len(line))
			}
		}
		if cmd.InheritedFlags().Lookup("org") == nil {
			t.Errorf("%s: takes no --org", cmd.CommandPath())
		}
		var lists bool
		for _, verb := range []string{"list", "report", "authentication", "administrator", "telephony"} {
			lists = lists || cmd.Name() == verb
		}
		if parent := cmd.Parent().Name(); lists && parent != "orgs" && parent != "accounts" && cmd.Flags().Lookup("all-orgs") == nil {
			t.Errorf("%s: takes no --all-orgs", cmd.CommandPath())
		}
	}
}

// What destroys can be tried out, and has to be agreed to.
func TestDuoDestroyersAsk(t *testing.T) {
	t.Parallel()
	for _, cmd := range leaves(duoRoot(t)) {
		path := strings.TrimPrefix(cmd.CommandPath(), "mfaserver duo ")
		if cmd.Name() != "delete" && path != "settings update" && path != "bypass create" {
			continue
		}
		if cmd.Flags().Lookup("yes") == nil || cmd.Flags().Lookup("dry-run") == nil {
			t.Errorf("%s: has no --yes and --dry-run", path)
		}
	}
}

// Every noun shows help, with an example, when it is called alone.
func TestDuoNouns(t *testing.T) {
	t.Parallel()
	root := duoRoot(t)
	for _, noun := range append(slices.Clone(root.Commands()), root) {
		if noun.Short == "" || noun.Long == "" || !strings.Contains(noun.Example, "mfaserver duo ") {
			t.Errorf("%s: help lacks a text or an example", noun.CommandPath())
		}
		r := runCommand(t, "", strings.Fields(strings.TrimPrefix(noun.CommandPath(), "mfaserver "))...)
		if r.code != 0 || !strings.Contains(r.stdout, "Examples:") {
			t.Errorf("%s = %d %s", noun.CommandPath(), r.code, r.stderr)
		}
	}
}
