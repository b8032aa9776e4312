package browser_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mfaserver/internal/browsertest"
	"mfaserver/web/browser"
	"mfaserver/web/browser/chart"
)

// gallery is a page with every piece on it.
const gallery = `{{define "gallery"}}{{template "head" .}}
<div class="page-head"><h1>Users</h1><a class="button" href="#x">Add a user</a></div>
{{template "problem" .Problem}}
<div class="grid">
<section class="card stat"><span class="quiet">Live sessions</span><strong>1,204</strong><span class="quiet">in the last day</span></section>
<section class="card stat"><span class="quiet">Refused</span><strong>17</strong><span>{{badge "warn" "more than usual"}}</span></section>
<section class="card stat"><span class="quiet">Duo</span><strong>142 ms</strong><span>{{badge "good" "reachable"}}</span></section>
</div>
<div class="grid two">
<section class="card">{{.Stacked}}</section>
<section class="card">{{.Lines}}</section>
<section class="card">{{.Bars}}</section>
<section class="card">{{.None}}</section>
</div>
<section class="card">
<form class="filters" method="get" action="/"><div><label for="q">Search</label><input id="q" name="q" type="search"></div>
<div><label for="s">Status</label><select id="s" name="s"><option>Any</option></select></div><button class="second">Search</button></form>
<div class="scroll" tabindex="0" role="region" aria-label="Users"><table>
<thead><tr><th scope="col">User</th><th scope="col">Status</th><th scope="col">Last sign-in</th><th scope="col" class="number">Sessions</th><th scope="col"><span class="sr">Actions</span></th></tr></thead>
<tbody>{{range .Rows}}<tr><th scope="row"><a href="#x">{{.Name}}</a></th><td>{{.State.HTML}}</td><td>{{when .At}}</td><td class="number">3</td><td class="actions"><button class="small danger">End</button></td></tr>{{end}}</tbody></table></div>
{{template "pager" .Pager}}
</section>
<section class="card">{{template "empty" .Empty}}</section>
<section class="card"><h2>One user</h2>{{template "facts" .Facts}}{{template "copyable" .Copy}}{{template "copyable" (copyable "two" "Command" "curl -b jar https://mirth.example.org:8443/api/server/version")}}{{qr "https://mirth.example.org/activate/abcdefghij" "QR code"}}
<form method="post" action="/"><label for="why">Reason</label><input id="why" name="why" aria-describedby="why-help"><span id="why-help" class="help">It goes into the audit trail.</span>
<fieldset><legend>Keep</legend><label class="check"><input type="checkbox" name="a"> Remember this browser</label><label class="check"><input type="radio" name="b"> Only once</label></fieldset>
<div class="warning"><p><strong>Never give this code to anyone.</strong> Nobody needs it but your own client.</p></div>
<div class="choices"><button>Save</button><button class="second">Cancel</button></div></form></section>
<section class="card danger-zone"><h2>Reset</h2><p>Removes all devices.</p><button class="danger">Reset the user</button></section>
{{template "foot" .}}{{end}}`

type galleryRow struct {
	Name  string
	State browser.Badge
	At    time.Time
}

type galleryData struct {
	browser.Frame

	Problem                    string
	Stacked, Lines, Bars, None any
	Rows                       []galleryRow
	Pager                      browser.Pager
	Empty                      browser.Empty
	Facts                      browser.Facts
	Copy                       browser.Copyable
}

func galleryPage(at time.Time) *galleryData {
	plot := chart.Plot{ID: "logins", Title: "Sign-ins by outcome", Desc: "Sign-ins of each day of the last month.", Totals: true}
	var approved, denied, timeout, p50, p95 []float64
	for i := range 30 {
		plot.Times = append(plot.Times, at.AddDate(0, 0, i-30))
		x := float64(i)
		approved = append(approved, math.Round(600+500*math.Sin(x/3)))
		denied = append(denied, math.Round(60+40*math.Cos(x)))
		timeout = append(timeout, math.Round(90+80*math.Sin(x/2+1)))
		p50, p95 = append(p50, 100+20*math.Sin(x)), append(p95, 240+90*math.Cos(x/2))
	}
	p95[12], p95[13] = math.NaN(), math.NaN()
	outcomes, latency, factors, none := plot, plot, plot, plot
	outcomes.Series = []chart.Series{{Name: "Approved", Values: approved, Tone: chart.Good}, {Name: "Denied", Values: denied, Tone: chart.Bad}, {Name: "No answer", Values: timeout, Tone: chart.Five}}
	latency.ID, latency.Title, latency.Totals = "latency", "Duo's answer time", false
	latency.Format = func(v float64) string {
		return time.Duration(v * float64(time.Millisecond)).Round(time.Millisecond).String()
	}
	latency.Series = []chart.Series{{Name: "Median", Values: p50}, {Name: "95th percentile", Values: p95}}
	factors.ID, factors.Title, factors.Times = "factors", "Factors", plot.Times[:8]
	factors.Series = []chart.Series{{Name: "Push", Values: approved}, {Name: "Passcode", Values: denied}, {Name: "Key", Values: timeout}, {Name: "Bypass", Values: timeout}, {Name: "Phone", Values: denied}, {Name: "SMS", Values: denied}}
	none.ID, none.Title, none.Series = "none", "Unenrolled", []chart.Series{{Name: "Users"}}
	return &galleryData{
		Frame: browser.Frame{Title: "Users", Wide: true, SignedInAs: "alice.administrator", SignOut: "/out", Form: "f", Notice: &browser.Notice{Kind: browser.Good, Text: "The session was ended."}, Nav: []browser.NavItem{
			{Label: "Overview", Path: "/o", Icon: "overview"},
			{Label: "Users", Path: "/u", Icon: "users", Current: true},
			{Label: "Sessions", Path: "/s", Icon: "sessions"},
			{Label: "Pending sign-ins", Path: "/p", Icon: "pending", Badge: 3},
			{Label: "Exemptions", Path: "/e", Icon: "exemption"},
			{Label: "Service tokens", Path: "/t", Icon: "token"},
			{Label: "Audit trail", Path: "/a", Icon: "audit"},
			{Label: "Organizations", Path: "/g", Icon: "organizations"},
			{Label: "Health", Path: "/h", Icon: "health"},
		}},
		Problem: "Duo did not answer. Try again shortly.",
		Stacked: chart.Stacked(outcomes), Lines: chart.Lines(latency), Bars: chart.Bars(factors), None: chart.Bars(none),
		Rows:  []galleryRow{{"alice", browser.Badge{Kind: browser.Good, Text: "Active"}, at}, {"bob", browser.Badge{Kind: browser.Bad, Text: "Locked out"}, at}, {"carol", browser.Badge{Kind: browser.Warn, Text: "Not enrolled"}, time.Time{}}, {"dave", browser.Badge{Kind: browser.Info, Text: "Bypass"}, at}, {"erin", browser.Badge{Text: "Disabled"}, at}},
		Pager: browser.Pager{Previous: "?p", Next: "?n", Summary: "51–100 of 5,000"},
		Empty: browser.Empty{Title: "No exemptions", Text: "Everybody needs a second factor.", Link: "How to add one", Href: "#x"},
		Facts: browser.Facts{Label: "About the user", List: []browser.Fact{
			{ID: "name", Label: "Username", Value: "alice"},
			{Label: "Duo", Badge: &browser.Badge{Kind: browser.Good, Text: "Active"}, Value: "alice@example.org"},
			{Label: "Outcome", Badge: &browser.Badge{Kind: browser.Bad, Text: "called off by whoever was at the prompt"}},
			{Label: "Last sign-in", Time: at, Note: "by push, from 192.0.2.7"},
			{Label: "Ends", Time: at.Add(time.Hour), Countdown: true},
			{Label: "Locked"},
			{Label: "Id", Value: "DUJ8K3", Code: true},
		}},
		Copy: browser.Copyable{ID: "code", Label: "Sign-in code", Value: "3F7K-92QX-BD4M", Large: true, Help: "It works <em>once</em>."},
	}
}

// All pieces keep to the policy of the page and to a small screen.
func TestGallery(t *testing.T) {
	t.Parallel()
	pages, err := browser.NewPages(fstest.MapFS{"g.html": {Data: []byte(gallery)}}, "*.html")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			return
		}
		if err := pages.Send(w, http.StatusOK, "gallery", galleryPage(time.Now())); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	b := browsertest.Open(t)
	for _, scheme := range []string{"light", "dark"} {
		if _, err := chromedp.Call(b.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}); err != nil {
			t.Fatal(err)
		}
		for width, name := range map[int]string{360: "narrow", 1280: "wide"} {
			b.Do(chromedp.EmulateViewport(int64(width), 900), chromedp.Navigate(s.URL+"/"), chromedp.WaitVisible(chromedp.CSS("h1")))
			if got := browsertest.Read(b, chromedp.Evaluate[int]("document.documentElement.scrollWidth")); got > width {
				t.Errorf("the page is %d pixels wide on a screen of %d", got, width)
			}
			b.Screenshot("gallery-" + scheme + "-" + name)
		}
	}
	b.Check(s.URL)
}
