package helpdesk_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"mfaserver/duoclient"
	"mfaserver/duoclient/duotest"
	"mfaserver/internal/audit"
	"mfaserver/internal/helpdesk"
)

func TestReport(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	long, lately := b.now.AddDate(0, 0, -100), b.now.AddDate(0, 0, -10)
	phone := func(n int) []duotest.Phone {
		return []duotest.Phone{duotest.Smartphone(fmt.Sprintf("+1734555010%d", n))}
	}
	for _, u := range []duotest.User{
		{Name: "fine", Phones: phone(1), Created: long, LastLogin: lately},
		{Name: "nobody", Created: lately},
		{Name: "bypassed", Status: duotest.StatusBypass, Phones: phone(2), Created: lately},
		{Name: "sleepy", Phones: phone(3), Created: long, LastLogin: long},
		{Name: "never", Phones: phone(4), Created: long},
		{Name: "locked", Status: duotest.StatusLocked, Phones: phone(5), Created: lately},
		{Name: "off", Status: duotest.StatusDisabled, Phones: phone(6), Created: lately},
	} {
		b.AddUser(u)
	}
	for _, row := range []struct {
		name string
		r    helpdesk.ReportRequest
		want string
	}{
		{"by default", helpdesk.ReportRequest{}, "nobody[unenrolled without_phone] bypassed[bypass] sleepy[inactive] never[inactive]"},
		{"inactive for 200 days", helpdesk.ReportRequest{InactiveDays: 200, Findings: []helpdesk.Finding{helpdesk.FindInactive}}, ""},
		{"kept out", helpdesk.ReportRequest{Findings: []helpdesk.Finding{helpdesk.FindDisabled, helpdesk.FindLockedOut}}, "locked[locked_out] off[disabled]"},
		{"every", helpdesk.ReportRequest{Every: true}, "fine[] nobody[unenrolled without_phone] bypassed[bypass] sleepy[inactive] never[inactive] " +
			"locked[locked_out] off[disabled]"},
	} {
		row.r.Order = order()
		var got []string
		for r, err := range b.desk.Report(t.Context(), b.desk.Orgs(), row.r) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s%v", r.Username, r.Findings))
		}
		if s := strings.Join(got, " "); s != row.want {
			t.Errorf("%s: %s, want %s", row.name, s, row.want)
		}
	}
	if n := len(b.trail.Find(audit.DuoReported)); n != 4 {
		t.Errorf("%d reports in the trail, want 4", n)
	}
	for name, r := range map[string]helpdesk.ReportRequest{
		"days":  {Order: order(), InactiveDays: -1},
		"kinds": {Order: order(), Findings: []helpdesk.Finding{"rich"}},
		"actor": {},
	} {
		for _, err := range b.desk.Report(t.Context(), b.desk.Orgs(), r) {
			if !errors.Is(err, helpdesk.ErrPolicy) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// The report over all organisations is complete, tells how far it is, and
// holds a page at a time. Not parallel: it measures memory.
func TestReportAllOrgs(t *testing.T) {
	const each = 2000
	b := start(t, []string{"clinic-a", "clinic-b", "clinic-c"})
	for _, child := range b.Accounts() {
		child.AddUsers(each, func(i int) duotest.User {
			return duotest.User{Name: fmt.Sprintf("%s-%d", child.Name(), i), Notes: strings.Repeat("x", 500)}
		})
	}
	var progress []helpdesk.Progress
	orgs, err := b.desk.Select("", true)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	request := helpdesk.ReportRequest{Order: order(), Progress: func(p helpdesk.Progress) { progress = append(progress, p) }}
	for row, err := range b.desk.Report(t.Context(), orgs, request) {
		if err != nil {
			t.Fatal(err)
		}
		rows[row.Org]++
	}
	for _, name := range []string{"clinic-a", "clinic-b", "clinic-c"} {
		if rows[name] != each {
			t.Errorf("%s: %d rows, want %d", name, rows[name], each)
		}
	}
	last := progress[len(progress)-1]
	if last != (helpdesk.Progress{Org: "clinic-c", Index: 4, Orgs: 4, Users: 3 * each, Rows: 3 * each}) || len(progress) < 3*each/300 {
		t.Errorf("%d times told, at last %+v", len(progress), last)
	}
	if testing.Short() {
		return
	}
	// Memory: what is live while it runs does not grow with what was read.
	base, most, n := heap(), uint64(0), 0
	for _, err := range b.desk.Report(t.Context(), orgs, helpdesk.ReportRequest{Order: order()}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%1500 == 0 {
			most = max(most, heap())
		}
	}
	if most > base+24<<20 {
		t.Errorf("%d bytes live, %d before", most, base)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// An organisation that fails does not hide the others.
func TestReportGoesOn(t *testing.T) {
	t.Parallel()
	b := start(t, []string{"clinic-a", "clinic-b"}, func(_ *bench, c *helpdesk.Config) {
		c.Organizations = append(c.Organizations[:2], helpdesk.OrgConfig{Name: "gone", AccountID: "DA00000000000000GONE"}, c.Organizations[2])
	})
	for _, child := range b.Accounts() {
		child.AddUser(duotest.User{Name: "of-" + child.Name()})
	}
	orgs, err := b.desk.Select("", true)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row, err := range b.desk.Report(t.Context(), orgs, helpdesk.ReportRequest{Order: order()}) {
		if failed, ok := errors.AsType[*helpdesk.OrgError](err); ok {
			if !errors.Is(err, helpdesk.ErrNoChild) {
				t.Error(err)
			}
			got = append(got, "!"+failed.Org)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row.Username)
	}
	if s := strings.Join(got, " "); s != "of-clinic-a !gone of-clinic-b" {
		t.Errorf("got %s", s)
	}
	// Whoever stops early gets no more.
	n := 0
	for _, err := range b.desk.Report(t.Context(), orgs, helpdesk.ReportRequest{Order: order()}) {
		if n++; n == 1 || err != nil {
			break
		}
	}
	if n != 1 {
		t.Errorf("%d rows after the end", n)
	}
}

// Threat T161: what people typed into Duo does nothing in a spreadsheet.
func TestCSV(t *testing.T) {
	t.Parallel()
	row := helpdesk.ReportRow{
		Org: "clinic-a", Username: "=cmd|'/c calc'!A1", Realname: "+1+1", Email: "@SUM(A1)", Status: duoclient.UserActive,
		BypassGroup: "-2+3", UserID: "DU1", Created: time.Unix(0, 0), Findings: []helpdesk.Finding{helpdesk.FindBypass, helpdesk.FindInactive},
	}
	var out strings.Builder
	w := helpdesk.NewCSVWriter(&out)
	if err := errors.Join(w.Write(helpdesk.ReportHeader()...), w.Write(row.Record()...), w.Flush()); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(records) != 2 || len(records[0]) != len(records[1]) {
		t.Fatalf("%v, %v", records, err)
	}
	want := "clinic-a|'=cmd|'/c calc'!A1|'+1+1|'@SUM(A1)|active|bypass inactive|'-2+3|false|0|1970-01-01T00:00:00Z||DU1"
	if got := strings.Join(records[1], "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for text, want := range map[string]string{
		"": "", "plain": "plain", "a=b": "a=b", "+17345550100": "+17345550100", "+1*cmd": "'+1*cmd", "\t=1": "' =1", "\r\n=1": "'  =1", "  =1": "'  =1",
		"\u200b=1": "'\u200b=1", "\uff1d1": "'\uff1d1", "|x": "'|x", "%1": "'%1", "a\u2028b": "a b", "\x1b[31m": " [31m", "é=": "é=",
	} {
		if got := helpdesk.SafeCell(text); got != want {
			t.Errorf("SafeCell(%q) = %q, want %q", text, got, want)
		}
	}
}
