package main_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/audit"
)

// duoRecords is what the calls of goodDuoCalls that ask for more than to look
// leave in the trail, in alphabetical order: event, outcome, user, and the
// details with ids and times left out.
func duoRecords() map[string][]string {
	return map[string][]string{
		"auth send test1": {`duo.user_asked ok user=test1 action="auth.send" factor="push" org="default"`},
		"auth send test1 --factor passcode --passcode-file -": {`duo.user_asked ok user=test1 action="auth.send" factor="passcode" org="default"`},
		"auth send test1 --factor sms":                        {`duo.user_asked ok user=test1 action="auth.send" factor="sms" org="default"`},
		"auth send test1 --no-wait":                           {`duo.user_asked ok user=test1 action="auth.send" factor="push" org="default"`},
		"auth enroll eve":                                     {`duo.user_invited ok user=eve action="users.enroll" org="default" valid="24h0m0s"`},
		"admin call POST /admin/v1/logo logo=@-":              {`duo.called ok user= action="call" method="POST" org="default" path="/admin/v1/logo"`},
		"auth call GET /auth/v2/check":                        {`duo.called ok user= action="call" method="GET" org="default" path="/auth/v2/check"`},
		"admin call GET /admin/v1/users limit=10":             {`duo.called ok user= action="call" method="GET" org="default" path="/admin/v1/users"`},
		"admin call POST /admin/v1/users username=@-":         {`duo.called ok user= action="call" method="POST" org="default" path="/admin/v1/users"`},
		"admin call GET /admin/v1/integrations":               {`duo.called ok user= action="call" method="GET" org="default" path="/admin/v1/integrations"`},
		"accounts call POST /accounts/v1/account/list":        {`duo.called ok user= action="call" method="POST" org="default" path="/accounts/v1/account/list"`},
		"accounts create clinic":                              {`duo.account_created ok user= action="accounts.create" name="clinic"`},
		"accounts delete clinic --yes --reason over":          {`duo.account_deleted ok user= account_id="ID" action="accounts.delete" name="clinic" reason="over"`},
		"users create alice --email alice@example.org":        {`duo.user_created ok user=alice action="users.create" org="default"`},
		"users create one two three": {
			`duo.user_created ok user=one action="users.create" org="default"`,
			`duo.user_created ok user=three action="users.create" org="default"`,
			`duo.user_created ok user=two action="users.create" org="default"`,
		},
		"users update alice --realname Alice":               {`duo.user_changed ok user=alice action="users.update" org="default" user_id="ID"`},
		"users update one --status bypass --reason travels": {`duo.user_status_changed ok user=one action="users.status" from="disabled" org="default" reason="travels" status="bypass" until="TIME" user_id="ID"`},
		"users update one --status disabled --reason left":  {`duo.user_status_changed ok user=one action="users.status" from="active" org="default" reason="left" status="disabled" user_id="ID"`},
		"users enroll erin --number +17345550166": {
			`duo.activation_shown ok user=erin action="phones.activation-url" org="default" phone_id="ID" user_id="ID" valid="24h0m0s"`,
			`duo.phone_assigned ok user=erin action="phones.assign" org="default" phone_id="ID" user_id="ID"`,
			`duo.phone_created ok user=erin action="phones.create" number="XXXXXXXX0166" org="default" user_id="ID"`,
			`duo.user_created ok user=erin action="users.create" org="default"`,
		},
		"users enroll --csv - --send sms": {
			`duo.activation_sent ok user=frank action="phones.sms-activation" org="default" phone_id="ID" user_id="ID" valid="24h0m0s"`,
			`duo.phone_assigned ok user=frank action="phones.assign" org="default" phone_id="ID" user_id="ID"`,
			`duo.phone_created ok user=frank action="phones.create" number="XXXXXXXX0167" org="default" user_id="ID"`,
			`duo.user_created ok user=frank action="users.create" org="default"`,
		},
		"users sync fromdirectory --directory-key {directory}": {`duo.user_synced ok user=fromdirectory action="users.sync" directory_key="ID" org="default"`},
		"users verify test1": {
			`duo.user_verified ok user=test1 action="users.verified" org="default" phone_id="ID" user_id="ID" verdict="approved"`,
			`duo.user_verifying ok user=test1 action="users.verify" org="default" phone_id="ID" user_id="ID"`,
		},
		"users report":         {`duo.reported ok user= action="users.report" org="default"`},
		"users report --csv -": {`duo.reported ok user= action="users.report" org="default"`},
		"phones create --number +17345550155 --platform unknown":              {`duo.phone_created ok user= action="phones.create" org="default"`},
		"phones update +17345550155 --name Desk --platform apple ios":         {`duo.phone_changed ok user= action="phones.update" org="default" phone_id="ID"`},
		"phones assign +17345550155 alice":                                    {`duo.phone_assigned ok user=alice action="phones.assign" org="default" phone_id="ID" user_id="ID"`},
		"phones activation-url +17345550155 --valid 1h":                       {`duo.activation_shown ok user=alice action="phones.activation-url" org="default" phone_id="ID" valid="1h0m0s"`},
		"phones sms-activation +17345550155":                                  {`duo.activation_sent ok user=alice action="phones.sms-activation" org="default" phone_id="ID"`},
		"phones sms-installation +17345550155":                                {`duo.message_sent ok user=alice action="phones.sms-installation" org="default" phone_id="ID"`},
		"phones sms-passcodes +17345550155":                                   {`duo.message_sent ok user=alice action="phones.sms-passcodes" org="default" phone_id="ID"`},
		"bypass create alice --reason lost":                                   {`duo.bypass_created ok user=alice action="bypass.create" count="1" keep_existing="false" org="default" reason="lost" user_id="ID" valid="1h0m0s"`},
		"bypass create alice --reason own --codes-file - --preserve-existing": {`duo.bypass_created ok user=alice action="bypass.create" count="1" keep_existing="true" org="default" reason="own" user_id="ID" valid="1h0m0s"`},
		"bypass delete {bypass} --yes":                                        {`duo.bypass_deleted ok user=alice action="bypass.delete" bypass_code_id="ID" org="default"`},
		"settings update lockout_threshold=8 --reason ticket --yes":           {`duo.settings_changed ok user= action="settings.update" changes="lockout_threshold from \"10\" to \"8\"" org="default" reason="ticket"`},
		"groups create xray --desc second":                                    {`duo.group_changed ok user= action="groups.create" group="xray" org="default"`},
		"groups update xray --desc third --reason moved":                      {`duo.group_changed ok user= action="groups.update" group="ID" org="default" reason="moved"`},
		"groups update xray --status bypass --for 4h --reason moving":         {`duo.group_changed ok user= action="groups.update" from="active" group="ID" org="default" reason="moving" status="bypass" until="TIME"`},
		"groups assign xray alice --reason new":                               {`duo.group_changed ok user=alice action="groups.assign" group="ID" org="default" reason="new" user_id="ID"`},
		"groups unassign xray alice --reason left":                            {`duo.group_changed ok user=alice action="groups.unassign" group="ID" org="default" reason="left" user_id="ID"`},
		"groups delete xray --yes --reason closed":                            {`duo.group_changed ok user= action="groups.delete" group="ID" org="default" reason="closed"`},
		"tokens create h6 4711":                                               {`duo.token_changed ok user= action="tokens.create" org="default" token="h6:4711"`},
		"tokens assign h6:4711 alice":                                         {`duo.token_changed ok user=alice action="tokens.assign" org="default" token="h6:4711" token_id="ID" user_id="ID"`},
		"tokens resync h6:4711":                                               {`duo.token_changed ok user= action="tokens.resync" org="default" token="h6:4711" token_id="ID"`},
		"tokens unassign h6:4711 alice --reason lost":                         {`duo.token_changed ok user=alice action="tokens.unassign" org="default" reason="lost" token="h6:4711" token_id="ID" user_id="ID"`},
		"tokens delete h6:4711 --yes --reason lost":                           {`duo.token_changed ok user= action="tokens.delete" org="default" reason="lost" token="h6:4711" token_id="ID"`},
		"phones unassign +17345550155 alice --reason ticket":                  {`duo.phone_unassigned ok user=alice action="phones.unassign" org="default" phone_id="ID" reason="ticket" user_id="ID"`},
		"phones delete +17345550155 --reason ticket --yes":                    {`duo.phone_deleted ok user= action="phones.delete" org="default" phone_id="ID" reason="ticket"`},
		"users reset alice --reason ticket --yes": {
			`duo.bypass_deleted ok user=alice action="bypass.delete" bypass_code_id="ID" errand="reset" org="default" reason="ticket" user_id="ID"`,
			`duo.user_reset ok user=alice action="users.reset" org="default" reason="ticket" user_id="ID"`,
		},
		"users delete alice --reason ticket --yes": {`duo.user_deleted ok user=alice action="users.delete" org="default" reason="ticket" user_id="ID"`},
	}
}

// duoID is an id of Duo's, duoTime when something ends.
var (
	duoID   = regexp.MustCompile(`\bD[A-Z][0-9A-Z]{18}\b`)
	duoTime = regexp.MustCompile(`\b20\d\d-\d\d-\d\dT[0-9:]{8}Z`)
)

// told is a record without what differs from run to run.
func told(e *audit.Entry) string {
	text := string(e.Name) + " " + string(e.Outcome) + " user=" + e.Username
	for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
		text += fmt.Sprintf(" %s=%q", k, e.Detail[k])
	}
	return duoTime.ReplaceAllString(duoID.ReplaceAllString(text, "ID"), "TIME")
}

// recordWatch compares the records of each command with duoRecords.
type recordWatch struct {
	reader *audit.Reader
	at     audit.Place
	want   map[string][]string
	self   string
}

func (b *duoBench) watchRecords() *recordWatch {
	trail := filepath.Join(filepath.Dir(b.config), "data", "audit", "audit.jsonl")
	return &recordWatch{reader: audit.NewReader(trail, nil), want: duoRecords(), self: fmt.Sprint("os-user:", os.Getuid())}
}

// check looks at what the command has left since the last one.
func (w *recordWatch) check(t *testing.T, line string) {
	t.Helper()
	entries, next, err := w.reader.After(t.Context(), w.at, 100)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	w.at = next
	var got []string
	for i := range entries {
		e := &entries[i]
		switch {
		case strings.HasPrefix(string(e.Name), "audit."):
			continue
		case e.Actor != w.self || e.Node == "" || e.Time.IsZero() || e.Reason != "":
			t.Errorf("%s: a record by %q of node %q at %v, reason %q", line, e.Actor, e.Node, e.Time, e.Reason)
		case e.Name == audit.DuoRead && e.Outcome == audit.OK && (strings.HasPrefix(line, e.Detail["command"]) || strings.Contains(line, "{")):
			continue
		}
		got = append(got, told(e))
	}
	slices.Sort(got)
	if !slices.Equal(got, w.want[line]) {
		t.Errorf("%s left\n%s\nwant\n%s", line, strings.Join(got, "\n"), strings.Join(w.want[line], "\n"))
	}
	delete(w.want, line)
}

// done fails for what was never called.
func (w *recordWatch) done(t *testing.T) {
	t.Helper()
	for line := range w.want {
		t.Errorf("%s is not called", line)
	}
}
