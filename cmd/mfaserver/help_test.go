package main_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	main "mfaserver/cmd/mfaserver"
)

// valueName is what stands for the value of a flag: N, TEXT, NAME=VALUE.
var valueName = regexp.MustCompile(`^[A-Z]+(=[A-Z]+)?$`)

// Help shows `--count N` and `--reason TEXT`, never a word that says nothing
// beside the flag, nor Go's name of the type.
func TestFlagsNameTheirValues(t *testing.T) {
	t.Parallel()
	looked := 0
	check := func(cmd *cobra.Command, f *pflag.Flag) {
		looked++
		name, usage := pflag.UnquoteUsage(f)
		if f.Value.Type() == "bool" {
			if name != "" {
				t.Errorf("%s --%s: takes no value, but shows %q", cmd.CommandPath(), f.Name, name)
			}
			return
		}
		if !valueName.MatchString(name) {
			t.Errorf("%s --%s %s: want a name in capitals for the value, such as N, TEXT, FILE", cmd.CommandPath(), f.Name, name)
		}
		if usage == "" || strings.HasSuffix(usage, ".") || len(usage) > 110 {
			t.Errorf("%s --%s: usage %q", cmd.CommandPath(), f.Name, usage)
		}
	}
	root := main.Root()
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { check(root, f) })
	for _, cmd := range root.Commands() {
		cmd.PersistentFlags().VisitAll(func(f *pflag.Flag) { check(cmd, f) })
	}
	for _, cmd := range leaves(root) {
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { check(cmd, f) })
	}
	if looked < 150 {
		t.Errorf("looked at %d flags only", looked)
	}
	for line, wants := range map[string][]string{
		"duo bypass create": {"--count N ", "--reason TEXT ", "--ticket ID ", "--valid DURATION ", "--codes-file FILE ", "--config FILE ", "--output FORMAT "},
		"tokens create":     {"--user NAME ", "--path PREFIX ", "--network NETWORK ", "--life DURATION ", "--password-env VARIABLE "},
		"audit show":        {"--since TIME ", "--limit N ", "--story HANDLE "},
		"demo":              {"--upstream URL ", "--upstream-ca FILE ", "--auto MODE ", "--listen ADDRESS "},
	} {
		r := runCommand(t, "", append(strings.Fields(line), "--help")...)
		for _, want := range wants {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("help of %s lacks %q:\n%s", line, want, r.stdout)
			}
		}
	}
}

// Every command has a line of help, and an example that shows it.
func TestHelpOfEveryCommand(t *testing.T) {
	t.Parallel()
	all := leaves(main.Root())
	for _, cmd := range all {
		if cmd.Name() == "help" || cmd.Hidden || cmd.Parent().Name() == "completion" {
			continue
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help %q", cmd.CommandPath(), cmd.Short)
		}
		if cmd.Name() != "version" && !strings.Contains(cmd.Example, cmd.CommandPath()) && !strings.Contains(cmd.Example, " "+cmd.Name()) {
			t.Errorf("%s: its example does not show it: %q", cmd.CommandPath(), cmd.Example)
		}
		for line := range strings.SplitSeq(cmd.Long, "\n") {
			if len(line) > 100 {
				t.Errorf("%s: help has a line of %d characters", cmd.CommandPath(), len(line))
			}
		}
	}
	if !slices.ContainsFunc(all, func(cmd *cobra.Command) bool { return cmd.CommandPath() == "mfaserver sessions revoke" }) {
		t.Error("the commands were not all looked at")
	}
}

// What ends something for good can be tried out, and has to be agreed to.
func TestDestroyersAsk(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"users remove", "sessions revoke", "tokens revoke", "tokens break-glass"} {
		cmd, _, err := main.Root().Find(strings.Fields(path))
		if err != nil {
			t.Fatal(err)
		}
		if cmd.Flags().Lookup("yes") == nil || cmd.Flags().Lookup("dry-run") == nil {
			t.Errorf("%s: has no --yes and --dry-run", path)
		}
	}
}
