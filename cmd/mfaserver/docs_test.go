package main_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	main "mfaserver/cmd/mfaserver"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/config"
)

// documents are the pages that people read, by their names.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"README.md", "docs/*.md", "docs/*/*.md"} {
		paths, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all[strings.TrimPrefix(filepath.ToSlash(path), "../../")] = string(data)
		}
	}
	if len(all) < 8 {
		t.Fatalf("found %d documents only", len(all))
	}
	return all
}

// fenced is a block between ``` and ```.
var fenced = regexp.MustCompile("(?ms)^( *)```([a-z]*)\n(.*?)^ *```$")

// commandLines are the lines of a text that call mfaserver, those that end in a
// backslash joined.
func commandLines(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
		for _, name := range []string{"mfaserver ", "bin/mfaserver ", "./mfaserver "} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				lines = append(lines, rest)
			}
		}
	}
	return lines
}

// words splits a command line as a shell would, up to a redirection, a pipe or
// a comment.
func words(line string) []string {
	var all []string
	var word strings.Builder
	var quote rune
	begun := false
	end := func() {
		if begun {
			all = append(all, word.String())
		}
		word.Reset()
		begun = false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, begun = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			end()
		case quote == 0 && !begun && strings.ContainsRune(">|#&;", r):
			return all
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	end()
	return all
}

// dryParse is everything of a command line but running it. Of a part of one,
// which names the command and no more, arguments are not asked for.
func dryParse(line string, whole bool) error {
	root := main.Root()
	cmd, rest, err := root.Find(words(line))
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	switch err := cmd.ParseFlags(rest); {
	case err == pflag.ErrHelp: //nolint:errorlint // pflag returns it as it is
		return nil
	case err != nil:
		return err
	}
	args := cmd.Flags().Args()
	if cmd.HasSubCommands() && len(args) > 0 {
		return fmt.Errorf("%q is not a command of %q", args[0], cmd.CommandPath())
	}
	if help, _ := cmd.Flags().GetBool("help"); help || !whole {
		return nil
	}
	if cmd.HasSubCommands() && cmd != root {
		return fmt.Errorf("%q does nothing but show help", cmd.CommandPath())
	}
	if err := cmd.ValidateRequiredFlags(); err != nil {
		return err
	}
	return cmd.ValidateArgs(args)
}

// inline is code within a sentence that names a command.
var inline = regexp.MustCompile("`mfaserver ([^`]+)`")

// Every command line of the documents is one that the program takes: commands,
// flags and the number of arguments.
func TestDocumentedCommandLines(t *testing.T) {
	t.Parallel()
	looked := 0
	for name, text := range documents(t) {
		for _, block := range fenced.FindAllStringSubmatch(text, -1) {
			for _, line := range commandLines(block[3]) {
				looked++
				if err := dryParse(line, true); err != nil {
					t.Errorf("%s: mfaserver %s: %v", name, line, err)
				}
			}
		}
		for _, found := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
			looked++
			if err := dryParse(strings.Join(strings.Fields(found[1]), " "), false); err != nil {
				t.Errorf("%s: `mfaserver %s`: %v", name, found[1], err)
			}
		}
	}
	if looked < 15 {
		t.Errorf("looked at %d command lines only", looked)
	}
}

// So is every example that --help shows, and what a demo prints.
func TestExampleCommandLines(t *testing.T) {
	t.Parallel()
	for _, cmd := range append(leaves(main.Root()), main.Root()) {
		if cmd.Name() == "help" || cmd.HasParent() && cmd.Parent().Name() == "completion" {
			continue
		}
		for _, line := range commandLines(cmd.Example) {
			if err := dryParse(line, true); err != nil {
				t.Errorf("%s: mfaserver %s: %v", cmd.CommandPath(), line, err)
			}
		}
	}
	for _, bad := range []string{"tokens create x --user a", "tokens make x", "sessions list --bogus", "serve now", "--bogus serve", "audit", "users add"} {
		if dryParse(bad, true) == nil {
			t.Errorf("mfaserver %s: is taken", bad)
		}
	}
}

// baseConfig is what a part of a configuration is put into, key by key.
const baseConfig = `listen: ":8443"
public_urls: ["https://mirth.example.org:8443"]
tls: {cert_file: /etc/mfaserver/tls.crt, key_file: /etc/mfaserver/tls.key}
primary: {upstream: {url: "https://127.0.0.1:9443", ca_file: /etc/mfaserver/engine-ca.pem}}
duo: {universal: {client_id: DIXXXXXXXXXXXXXXXXXX, client_secret_file: duo_client_secret, api_hostname: api-12345678.duosecurity.com}, auth: {integration_key: DIXXXXXXXXXXXXXXXXXX, secret_key_file: duo_auth_secret, api_hostname: api-12345678.duosecurity.com}}
`

// topLevel are the keys of a block that stand at its left margin.
var topLevel = regexp.MustCompile(`(?m)^([a-z_]+):`)

// fileKeys are settings that name a file.
var fileKeys = regexp.MustCompile(`\b(cert_file|key_file|ca_file|[a-z_]*secret_file|secret_key_file|password_file): *"?([^\s,}"]+)`)

// Every YAML block of the documents is a configuration that loads, or becomes
// one when it is put in the place of the same keys of a good one.
func TestDocumentedConfigurations(t *testing.T) {
	t.Parallel()
	ca, err := duotest.NewCA(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for name, text := range documents(t) {
		for _, block := range fenced.FindAllStringSubmatch(text, -1) {
			if block[2] != "yaml" {
				continue
			}
			looked++
			whole := completed(block[3])
			dir := t.TempDir()
			whole = strings.ReplaceAll(whole, "/etc/mfaserver", dir)
			fileFiles(t, ca, dir, whole)
			path := filepath.Join(dir, "mfaserver.yaml")
			writePrivateFile(t, path, whole)
			if _, err := config.Load(path); err != nil {
				t.Errorf("%s: a block does not load: %v\n%s", name, err, whole)
			}
		}
	}
	if looked < 4 {
		t.Errorf("looked at %d blocks only", looked)
	}
}

// completed adds the keys that a block lacks.
func completed(block string) string {
	var has []string
	for _, key := range topLevel.FindAllStringSubmatch(block, -1) {
		has = append(has, key[1])
	}
	if slices.Contains(has, "listen") {
		return block
	}
	for line := range strings.Lines(baseConfig) {
		if key, _, _ := strings.Cut(line, ":"); !slices.Contains(has, key) {
			block += line
		}
	}
	return block
}

// fileFiles makes the files that a configuration names.
func fileFiles(t *testing.T, ca *duotest.CA, dir, text string) {
	t.Helper()
	cert, err := ca.Issue([]string{"mirth.example.org"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range fileKeys.FindAllStringSubmatch(text, -1) {
		path := found[2]
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		content := strings.Repeat("s", 40)
		switch found[1] {
		case "cert_file":
			content = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}))
		case "key_file":
			content = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
		case "ca_file":
			content = string(ca.CertPEM())
		}
		writePrivateFile(t, path, content)
	}
}

// The documents name no file of the repository that is not there.
func TestDocumentedFiles(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for name, text := range documents(t) {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(filepath.Dir(name)), filepath.FromSlash(found[1]))); err != nil {
				t.Errorf("%s links to %s: %v", name, found[1], err)
			}
		}
	}
}
