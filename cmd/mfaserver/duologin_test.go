package main_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"mfaserver/internal/mirth"
)

var (
	hiddenTx   = regexp.MustCompile(`name="tx" value="([^"]+)"`)
	bypassCode = regexp.MustCompile(`(?m)^\d{9}$`)
)

// duoCommand runs a duo command against a demo's configuration.
func duoCommand(t *testing.T, config string, args ...string) string {
	t.Helper()
	r := runCommand(t, "", append([]string{"--config", config, "duo"}, args...)...)
	if r.code != 0 {
		t.Fatalf("duo %v = %d\nstdout: %s\nstderr: %s", args, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// typeBypass opens the prompt and types a bypass code there.
func (c *apiClient) typeBypass(t *testing.T, status mirth.DuoLoginStatus, code string) answer {
	t.Helper()
	page := c.do(t, http.MethodGet, status.AuthURL, nil, nil)
	tx := hiddenTx.FindStringSubmatch(page.body)
	if tx == nil {
		t.Fatalf("the prompt page has no tx:\n%s", page.body)
	}
	target := *page.url
	target.Path, target.RawQuery = "/prompt/bypass", ""
	return c.do(t, http.MethodPost, target.String(), url.Values{"tx": {html.UnescapeString(tx[1])}, "bypass_code": {code}},
		http.Header{"Origin": {target.Scheme + "://" + target.Host}})
}

// What a help desk does for somebody new without a phone at hand, and what
// that person then does: user, phone, bypass code, and a login with it in the
// prompt. Afterwards the code is gone.
func TestBypassCodeLogsIn(t *testing.T) {
	t.Parallel()
	_, ready := startDemo(t)
	const name, password = "carol", "correct horse battery"
	added := runCommand(t, password+"\n", "--config", ready.ConfigFile, "users", "add", name, "--password-file", "-")
	if added.code != 0 {
		t.Fatalf("users add = %d %s", added.code, added.stderr)
	}
	duoCommand(t, ready.ConfigFile, "users", "create", name, "--email", "carol@example.org")
	duoCommand(t, ready.ConfigFile, "phones", "create", "--number", "+17345550188", "--platform", "apple ios")
	duoCommand(t, ready.ConfigFile, "phones", "assign", "+17345550188", name)
	code := strings.TrimSpace(duoCommand(t, ready.ConfigFile, "bypass", "create", name, "--reason", "phone at home"))
	if !bypassCode.MatchString(code) {
		t.Fatalf("bypass create printed %q, want one code", code)
	}
	if list := duoCommand(t, ready.ConfigFile, "bypass", "list", "--user", name); strings.Count(list, "\n") != 2 || strings.Contains(list, code) {
		t.Errorf("bypass list --user = %s, want the header and one entry without the code", list)
	}

	c := newAPIClient(t, ready.ServerURL, ready.CAFile)
	status := c.challenge(t, name, password)
	landed := c.typeBypass(t, status, code)
	if landed.status != http.StatusOK || !strings.HasPrefix(landed.url.String(), status.RedirectURI+"?") {
		t.Fatalf("the bypass code led to %s with %d: %s", landed.url.Redacted(), landed.status, landed.body)
	}
	q := landed.url.Query()
	data := mirth.NewLoginData(name, status.PrimaryStatus, q.Get("duo_code"), q.Get("state"), status.RedirectURI)
	if a := c.second(t, name, data.String()); a.status != http.StatusOK {
		t.Fatalf("second call = %d %s, want 200", a.status, a.body)
	}

	var left []json.RawMessage
	list := duoCommand(t, ready.ConfigFile, "bypass", "list", "--user", name, "--output", "json")
	if err := json.Unmarshal([]byte(list), &left); err != nil || len(left) != 0 {
		t.Errorf("bypass list --user after the login = %s, %v, want none: the code is used up", list, err)
	}
	again := newAPIClient(t, ready.ServerURL, ready.CAFile)
	if page := again.typeBypass(t, again.challenge(t, name, password), code); !strings.Contains(page.body, "Incorrect bypass code") {
		t.Errorf("the code again = %d at %s, want it refused", page.status, page.url.Redacted())
	}
	log := duoCommand(t, ready.ConfigFile, "logs", "authentication", "--user", name)
	if !strings.Contains(log, "bypass_code") || !strings.Contains(log, "success") {
		t.Errorf("logs authentication = %s, want the login by bypass code", log)
	}
}
