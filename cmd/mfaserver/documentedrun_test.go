package main_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	main "mfaserver/cmd/mfaserver"
)

// reader follows the documents: it types their commands at the machine of a
// demo.
type reader struct {
	ready  readyFile
	folder string
	bench  *duoBench
}

// Every command of the documents does what it says, in their order, beside a
// running server with Duo's simulator. What a terminal would ask is confirmed.
func TestDocumentedCommandsRun(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t, "--auto", "approve", "--children", "2")
	r := reader{ready: ready, folder: t.TempDir(), bench: &duoBench{config: ready.ConfigFile}}
	newAPIClient(t, ready.ServerURL, ready.CAFile).login(t, ready.Username, ready.Password)
	for _, name := range []string{"bob", "svc-deploy", "svc-sync", "svc-report"} {
		if got := r.bench.runAny(t, "", "--config", ready.ConfigFile, "users", "add", name, "--one-time"); got.code != 0 {
			t.Fatalf("users add %s = %d\n%s", name, got.code, got.stderr)
		}
	}
	script := "#!/bin/sh\ncurl -sf --cacert " + ready.CAFile + " -b \"$MFASERVER_COOKIE_JAR\" -H 'X-Requested-With: curl' " + ready.ServerURL + "/api/users/current\n"
	writeProgram(t, filepath.Join(r.folder, "export-channels.sh"), []byte(script), 0o700)
	ran := 0
	all := documents(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, block := range fenced.FindAllStringSubmatch(all[name], -1) {
			for _, line := range commandLines(block[3]) {
				if got, typed := r.types(t, line); typed {
					ran++
					if got.code != 0 {
						t.Errorf("%s: mfaserver %s = %d\n%s%s", name, line, got.code, got.stdout, got.stderr)
					}
				}
			}
		}
	}
	if ran < 30 {
		t.Errorf("%d commands ran", ran)
	}
}

// types runs one command, but for those that are tested where they can be:
// serve is what the demo runs (TestServe), and pasting needs a terminal
// (TestLoginByPaste).
func (r reader) types(t *testing.T, line string) (result, bool) {
	t.Helper()
	args := words(line)
	if i := slices.Index(args, "--config"); i >= 0 {
		args = slices.Delete(args, i, i+2)
	}
	args = r.real(t, args)
	switch args[0] {
	case "serve", "demo", "sim":
		return result{}, false
	case "login", "logout":
		if slices.Contains(args, "--paste") {
			return result{}, false
		}
		return r.signs(t, args), true
	}
	if cmd, _, err := main.Root().Find(args); err == nil && cmd.Flags().Lookup("yes") != nil {
		args = append(args, "--yes")
	}
	return r.bench.runAny(t, "", append([]string{"--config", r.ready.ConfigFile}, args...)...), true
}

// signs runs login and logout, the browser included.
func (r reader) signs(t *testing.T, args []string) result {
	t.Helper()
	if args[0] == "logout" {
		return runCommand(t, "", append(args, "--ca-file", r.ready.CAFile)...)
	}
	more := []string{"--ca-file", r.ready.CAFile, "--password-file", "-"}
	return loginCommand(t, nil, r.ready.Password+"\n", opener(t, r.ready, "You are signed in"), append(more, args[1:]...)...)
}

// real puts what exists in the place of what a document names.
func (r reader) real(t *testing.T, args []string) []string {
	t.Helper()
	for i, arg := range args {
		switch {
		case strings.HasPrefix(arg, "/var/backups/"), arg == "jar", arg == "./export-channels.sh":
			args[i] = filepath.Join(r.folder, filepath.Base(arg))
			if strings.HasPrefix(arg, "/var/backups/") {
				_ = os.Remove(args[i])
			}
		case strings.HasPrefix(arg, "https://mirth.example.org"), arg == "https://localhost:8443":
			args[i] = r.ready.ServerURL
		case arg == "demo/ca.pem":
			args[i] = r.ready.CAFile
		case arg == "password":
			args[i] = filepath.Join(r.folder, arg)
			writePrivateFile(t, args[i], r.ready.Password)
		case arg == "30s" && args[i-1] == "--duration":
			args[i] = "1s" // of load, which is as good as thirty here
		case arg == "alice" && (args[0] == "login" || slices.Contains(args, "verify")):
			args[i] = r.ready.Username
		case arg == "DPXXXXXXXXXXXXXXXXXX":
			var phones []struct {
				ID string `json:"phone_id"`
			}
			r.bench.mustJSON(t, &phones, "users", "phones", "alice")
			args[i] = phones[0].ID
		case arg == "--story":
			args[i+1] = r.transaction(t)
		}
	}
	return args
}

// transaction is the handle of some login of the trail.
func (r reader) transaction(t *testing.T) string {
	t.Helper()
	got := r.bench.runAny(t, "", "--config", r.ready.ConfigFile, "audit", "show", "--output", "json")
	for line := range strings.Lines(got.stdout) {
		var record struct{ Tx string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		if record.Tx != "" {
			return record.Tx
		}
	}
	t.Fatalf("no record has a transaction:\n%s", got.stdout)
	return ""
}
