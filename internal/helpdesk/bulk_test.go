package helpdesk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/helpdesk"
)

func TestReadRows(t *testing.T) {
	t.Parallel()
	got, err := helpdesk.ReadRows(strings.NewReader("\xef\xbb\xbfPhone, Username ,email,realname\r\n" +
		"+1 734 555-0001,anna,anna@example.org,\"Müller, Anna\"\r\n,bert,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []helpdesk.EnrolRow{
		{Line: 2, Username: "anna", Email: "anna@example.org", Realname: "Müller, Anna", Phone: "+17345550001"},
		{Line: 3, Username: "bert"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReadRowsRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		list string
		want []string
	}{
		"empty":          {"", []string{"line 1: the list is empty"}},
		"no username":    {"email\na@example.org\n", []string{"line 1: username: is missing"}},
		"unknown column": {"username,shoe size\n", []string{`line 1: unknown column "shoe size"; there are: username, email, realname, phone`}},
		"column twice":   {"username,email,email\n", []string{"line 1: email: is there twice"}},
		"fields":         {"username,email\na,b@c,d\nb\n", []string{"line 2: has 3 fields, the header 2", "line 3: has 1 fields"}},
		"quotes":         {"username\n\"a\n", []string{"cannot be read as CSV"}},
		"not UTF-8":      {"username\n\xff\n", []string{"line 2: username: must have at most 256 bytes on one line"}},
		"many faults": {
			"username,phone\n,+17345550001\nanna,123\nANNA,+17345550001\n",
			[]string{
				"line 2: username: is missing", "line 3: phone: must be an international number", "line 4: username: is that of line 3 too",
				"line 4: phone: is that of line 2 too",
			},
		},
		"too many": {"username\n" + strings.Repeat("x\n", 0) + manyNames(20_001), []string{"line 20002: more than 20000 people"}},
	} {
		got, err := helpdesk.ReadRows(strings.NewReader(row.list))
		if got != nil || !errors.Is(err, helpdesk.ErrRows) {
			t.Errorf("%s: %v, %v", name, got, err)
			continue
		}
		for _, want := range row.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not tell %q", name, err, want)
			}
		}
	}
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "user%d\n", i)
	}
	return b.String()
}

func FuzzReadRows(f *testing.F) {
	f.Add("username,email,realname,phone\nanna,a@example.org,Anna,+17345550001\n")
	f.Add("\xef\xbb\xbfusername\n\"a\"\"b\"\n")
	f.Add("phone;username\n=1+1;x\n")
	f.Fuzz(func(t *testing.T, list string) {
		rows, err := helpdesk.ReadRows(strings.NewReader(list))
		if err != nil && (!errors.Is(err, helpdesk.ErrRows) || rows != nil) {
			t.Fatalf("%v, %v", rows, err)
		}
		for _, r := range rows {
			if r.Username == "" || r.Line < 2 {
				t.Errorf("%+v", r)
			}
		}
	})
}

func people(n int) []helpdesk.EnrolRow {
	var rows []helpdesk.EnrolRow
	for i := range n {
		rows = append(rows, helpdesk.EnrolRow{Line: i + 2, Username: fmt.Sprintf("user%02d", i), Phone: fmt.Sprintf("+173455501%02d", i)})
	}
	return rows
}

func journal(t *testing.T, path string) *helpdesk.Journal {
	t.Helper()
	j, err := helpdesk.OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// A list that was not done says which rows were, and continues.
func TestBulkContinues(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	path := filepath.Join(t.TempDir(), "enrolled.jsonl")
	b.AddUser(duotest.User{Name: "olaf", Phones: []duotest.Phone{{Number: "+17345550103"}}}) // that of user03
	// The sixth user cannot be made, and the three from the eighth neither.
	b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{"POST /admin/v1/phones/{phone_id}/send_sms_activation": {
		Skip: 4, First: 1, Instead: true, Status: 400,
	}}})
	var outcomes []string
	request := helpdesk.BulkRequest{
		Order: order(), Rows: people(8), Deliver: helpdesk.DeliverSMS, Journal: journal(t, path),
		Each: func(o helpdesk.RowOutcome) { outcomes = append(outcomes, fmt.Sprintf("%d:%s", o.Row.Line, o.Outcome)) },
	}
	done, err := b.org(t).Bulk(t.Context(), request)
	failed, ok := errors.AsType[*helpdesk.BulkError](err)
	if !ok || done != 6 || failed.Done != 6 || failed.Failed != 2 || failed.Left != 0 || fmt.Sprint(failed.Lines) != "[5 7]" ||
		!errors.Is(err, helpdesk.ErrIncomplete) {
		t.Fatalf("Bulk = %d, %v", done, err)
	}
	if got := strings.Join(outcomes, " "); got != "2:done 3:done 4:done 5:failed 6:done 7:failed 8:done 9:done" {
		t.Errorf("outcomes %s", got)
	}
	b.RemoveUser("olaf")
	sent := b.CountCalls("send_sms_activation")
	outcomes, request.Journal = nil, journal(t, path)
	done, err = b.org(t).Bulk(t.Context(), request)
	if err != nil || done != 2 {
		t.Errorf("again: %d, %v", done, err)
	}
	if got := strings.Join(outcomes, " "); got != "2:skipped 3:skipped 4:skipped 5:done 6:skipped 7:done 8:skipped 9:skipped" {
		t.Errorf("again: %s", got)
	}
	if n := b.CountCalls("send_sms_activation") - sent; n != 2 {
		t.Errorf("again: %d messages, want 2", n)
	}
}

// What every row would meet stops the run.
func TestBulkStops(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		bend         bend
		faults       duotest.AnswerFaults
		failed, left int
		want         error
	}{
		"wrong keys": {
			bend: func(b *bench, c *helpdesk.Config) {
				c.Organizations[0].Admin = b.app(b.Credentials().AdminKey, strings.Repeat("x", 40))
			},
			failed: 1, left: 9, want: duoclient.ErrMisconfigured,
		},
		"outage": {
			bend:   func(*bench, *helpdesk.Config) {},
			faults: duotest.Outage(0, 503), failed: 3, left: 7, want: duoclient.ErrOutage,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t, nil, row.bend)
			b.SetFaults(duotest.Faults{API: map[string]duotest.AnswerFaults{"*": row.faults}})
			_, err := b.org(t).Bulk(t.Context(), helpdesk.BulkRequest{Order: order(), Rows: people(10), Deliver: helpdesk.DeliverNone})
			failed, ok := errors.AsType[*helpdesk.BulkError](err)
			if !ok || failed.Failed != row.failed || failed.Left != row.left || !errors.Is(err, row.want) {
				t.Errorf("Bulk = %v, want %d failed, %d left, %v", err, row.failed, row.left, row.want)
			}
		})
	}
}

func TestBulkCancelled(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	request := helpdesk.BulkRequest{Order: order(), Rows: people(10), Deliver: helpdesk.DeliverNone, Each: func(o helpdesk.RowOutcome) {
		if o.Row.Line == 4 {
			cancel()
		}
	}}
	done, err := b.org(t).Bulk(ctx, request)
	failed, ok := errors.AsType[*helpdesk.BulkError](err)
	if !ok || done != 3 || failed.Left != 7 || failed.Failed != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("Bulk = %d, %v", done, err)
	}
	// Faults of rows come before anything is sent.
	calls := len(b.Calls())
	request.Rows, request.Deliver = append(people(2), helpdesk.EnrolRow{Line: 4, Username: "tablet"}), helpdesk.DeliverSMS
	if _, err := b.org(t).Bulk(t.Context(), request); !errors.Is(err, helpdesk.ErrRows) || !strings.Contains(err.Error(), "line 4: phone: is missing") {
		t.Errorf("a row without a phone: %v", err)
	}
	if n := len(b.Calls()) - calls; n != 0 {
		t.Errorf("%d calls were made", n)
	}
	request.Deliver = helpdesk.DeliverLink
	if _, err := b.org(t).Bulk(t.Context(), request); !errors.Is(err, helpdesk.ErrPolicy) {
		t.Errorf("links of a list: %v", err)
	}
}

// A journal that a crash cut short loses its last row and no other; a file that
// is none is left alone.
func TestJournal(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	path := filepath.Join(t.TempDir(), "j")
	run := func(rows int, want int) {
		t.Helper()
		j := journal(t, path)
		done, err := b.org(t).Bulk(t.Context(), helpdesk.BulkRequest{Order: order(), Rows: people(rows), Deliver: helpdesk.DeliverNone, Journal: j})
		if err != nil || done != want {
			t.Errorf("%d done, %v, want %d", done, err, want)
		}
	}
	run(3, 3)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Truncate(path, info.Size()-5); err != nil {
		t.Fatal(err)
	}
	run(4, 2)
	run(4, 0)
	for name, text := range map[string]string{
		"a list": "username\nanna\n", "one word": "hello", "other JSON": "{\"key\":\"x\"}\n", "more fields": strings.Repeat("{}\n", 2),
	} {
		other := filepath.Join(t.TempDir(), "other")
		if err := os.WriteFile(other, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if j, err := helpdesk.OpenJournal(other); err == nil {
			_ = j.Close()
			t.Errorf("%s was taken for a journal", name)
		}
		if got, err := os.ReadFile(other); err != nil || string(got) != text {
			t.Errorf("%s was changed to %q, %v", name, got, err)
		}
	}
}
