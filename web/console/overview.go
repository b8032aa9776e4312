package console

import (
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"mfaserver/internal/stats"
	"mfaserver/mfa"
	"mfaserver/web/browser"
	"mfaserver/web/browser/chart"
	"mfaserver/web/text"
)

const pathOverview = "/overview"

// overviewSection is the first page.
func (c *Console) overviewSection() section {
	if c.deps.Figures == nil {
		return section{}
	}
	return section{
		label: text.English.Console.Overview.Label, path: pathOverview, icon: "overview",
		routes: []route{get(pathOverview, (*visit).overview)},
	}
}

type overviewPage struct {
	sheet

	T     text.ConsoleOverview
	Stats []figure
	// Attention is what somebody ought to look at.
	Attention []attention
	Spans     []spanLink
	// Plots are drawn.
	Outcomes, Factors, Latency, People template.HTML
	// Note says from when on logins are counted, where that is not all of the
	// time shown.
	Note time.Time
}

// figure is a number with what it is.
type figure struct{ ID, Value, Label, Note, Href string }

// attention is one thing to look at.
type attention struct {
	Badge browser.Badge
	Text  string
	Href  string
}

// spanLink chooses how far back the plots of the logins go.
type spanLink struct {
	Name, Label, Href string
	Current           bool
}

// span is how far back plots go.
type span struct {
	name, label string
	step        time.Duration
	count       int
}

func spans() []span {
	w := text.English.Console.Overview
	return []span{
		{"day", w.Day, time.Hour, 24},
		{"week", w.Week, 6 * time.Hour, 28},
		{"month", w.Month, 24 * time.Hour, 30},
	}
}

// overview shows what was counted. It asks nobody but the store.
func (v *visit) overview() {
	q, ok := v.query("span")
	if !ok {
		return
	}
	all := spans()
	at := max(slices.IndexFunc(all, func(s span) bool { return s.name == q["span"] }), 0)
	d := &v.console.deps
	w := text.English.Console.Overview
	page := overviewPage{sheet: titled(w.Title), T: w}
	page.KeepQuery = true
	for i, s := range all {
		page.Spans = append(page.Spans, spanLink{s.name, s.label, Base + pathOverview + "?span=" + s.name, i == at})
	}
	slots := d.Figures.Logins(all[at].step, all[at].count)
	page.Outcomes, page.Factors = outcomePlot(slots, all[at]), factorPlot(slots, all[at])
	latency := d.Figures.Latency(latencySteps)
	page.Latency = latencyPlot(latency)
	people := d.Figures.People()
	page.People = peoplePlot(people)
	if from := d.Figures.Since(); from.After(slots[0].From) {
		page.Note = from
	}
	week := d.Figures.Logins(24*time.Hour, 7)
	page.Stats = v.figures(d.Figures.Logins(time.Hour, 24), latency, people)
	page.Attention = v.attention(week, latency)
	v.show(http.StatusOK, "overview", &page)
}

// latencySteps is six hours.
const latencySteps = int(6 * time.Hour / stats.LatencyStep)

// figures are the numbers at the top.
func (v *visit) figures(day []stats.Slot, latency []stats.Latency, people []stats.People) []figure {
	w := text.English.Console.Overview
	in, all := 0, 0
	for i := range day {
		in += day[i].Outcomes[stats.Allowed]
		all += day[i].All()
	}
	out := []figure{
		{"logins", strconv.Itoa(in), w.LoginsDay, "", Base + pathAudit + "?event=session.started"},
		{"refused", strconv.Itoa(all - in), w.RefusedDay, "", Base + pathAudit + "?outcome=refused"},
	}
	for _, l := range slices.Backward(latency) {
		if l.Calls > l.Failed {
			out = append(out, figure{"latency", duration(l.Median), w.LatencyNow, fmt.Sprintf(w.LatencyP95, duration(l.P95)), ""})
			break
		}
	}
	if n := len(people); n > 0 {
		last := people[n-1]
		out = append(out, figure{"unenrolled", strconv.Itoa(last.Unenrolled), w.Unenrolled, fmt.Sprintf(w.OfUsers, last.Total), ""})
	}
	if n, more, ok := v.waiting(); ok {
		value := strconv.Itoa(n)
		if more {
			value += "+"
		}
		out = append(out, figure{"waiting", value, w.Waiting, "", Base + pathPending})
	}
	return out
}

// waiting counts the logins that wait, up to a page of them.
func (v *visit) waiting() (n int, more, ok bool) {
	if v.console.deps.Waiting == nil {
		return 0, false, false
	}
	all, err := v.console.deps.Waiting.Waiting(v.r.Context(), mfa.Key{}, pageSize+1)
	if err != nil {
		v.log("waiting logins cannot be counted", err)
		return 0, false, false
	}
	return min(len(all), pageSize), len(all) > pageSize, true
}

// attention collects what somebody ought to look at, the worst first.
func (v *visit) attention(week []stats.Slot, latency []stats.Latency) []attention {
	all := slices.Concat(v.healthAttention(), alarmAttention(week), duoAttention(latency), v.tokenAttention(), v.exemptionAttention())
	rank := map[browser.Kind]int{browser.Bad: 0, browser.Warn: 1, browser.Info: 2}
	slices.SortStableFunc(all, func(a, b attention) int { return rank[a.Badge.Kind] - rank[b.Badge.Kind] })
	return all
}

func (v *visit) healthAttention() []attention {
	w := text.English.Console
	var all []attention
	if v.console.deps.Health != nil {
		found, _ := v.console.deps.Health.Findings()
		for _, area := range healthAreas(found) {
			if area.State.Kind != browser.Good {
				all = append(all, attention{area.State, fmt.Sprintf(w.Overview.HealthOf, area.Label), Base + pathHealth})
			}
		}
	}
	if v.console.deps.Verification != nil && v.console.deps.Trail != nil {
		if state := v.verifiedBadge(); state.Kind == browser.Bad {
			all = append(all, attention{state, w.Overview.TrailState, Base + pathVerify})
		}
	}
	return all
}

// alarmAttention is what the week had that ought to be rare.
func alarmAttention(week []stats.Slot) []attention {
	w := text.English.Console
	var all []attention
	for _, name := range stats.Alarms() {
		n := 0
		for i := range week {
			n += week[i].Alarms[name]
		}
		if n == 0 {
			continue
		}
		q := url.Values{"event": {string(name)}, "from": {week[0].From.Format(time.DateOnly)}}
		all = append(all, attention{
			browser.Badge{Kind: browser.Warn, Text: fmt.Sprintf(w.Overview.Times, n)}, eventWords(name), Base + pathAudit + "?" + q.Encode(),
		})
	}
	return all
}

// duoAttention says that Duo was not reached lately.
func duoAttention(latency []stats.Latency) []attention {
	w := text.English.Console.Overview
	calls, failed := 0, 0
	for _, l := range latency[max(0, len(latency)-3):] {
		calls += l.Calls
		failed += l.Failed
	}
	if failed == 0 {
		return nil
	}
	return []attention{{
		browser.Badge{Kind: browser.Bad, Text: fmt.Sprintf(w.OfCalls, failed, calls)}, w.DuoFailed, Base + pathAudit + "?event=duo.unavailable",
	}}
}

func (v *visit) tokenAttention() []attention {
	if v.console.deps.Tokens == nil {
		return nil
	}
	all, err := v.console.deps.Tokens.List(v.r.Context())
	if err != nil {
		v.log("service tokens cannot be listed", err)
		return nil
	}
	now, n := v.console.cfg.Now(), 0
	for i := range all {
		if all[i].LiveAt(now) && all[i].ExpiresAt.Sub(now) < soon {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	w := text.English.Console.Overview
	return []attention{{browser.Badge{Kind: browser.Warn, Text: strconv.Itoa(n)}, w.TokensSoon, Base + pathTokens}}
}

func (v *visit) exemptionAttention() []attention {
	if v.console.deps.Exemptions == nil {
		return nil
	}
	now := v.console.cfg.Now()
	live, ending, over := 0, 0, 0
	all := v.console.deps.Exemptions.Exemptions()
	for i := range all {
		switch {
		case all[i].Expired(now):
			over++
		case all[i].Until.Sub(now) < soon:
			ending++
		default:
			live++
		}
	}
	w := text.English.Console.Overview
	var out []attention
	for _, row := range []struct {
		n    int
		kind browser.Kind
		text string
	}{{ending, browser.Warn, w.ExemptionsSoon}, {over, browser.Info, w.ExemptionsOver}, {live, browser.Info, w.ExemptionsLive}} {
		if row.n > 0 {
			out = append(out, attention{browser.Badge{Kind: row.kind, Text: strconv.Itoa(row.n)}, row.text, Base + pathExemptions})
		}
	}
	return out
}

// starts are the times of slots.
func starts(slots []stats.Slot) []time.Time {
	times := make([]time.Time, len(slots))
	for i := range slots {
		times[i] = slots[i].From
	}
	return times
}

func outcomePlot(slots []stats.Slot, s span) template.HTML {
	w := text.English.Console.Overview
	names := map[stats.Outcome]string{
		stats.Allowed: w.Allowed, stats.Password: w.Password, stats.Refused: w.Refused, stats.Abandoned: w.Abandoned, stats.Trouble: w.Trouble,
	}
	tones := map[stats.Outcome]chart.Tone{
		stats.Allowed: chart.Good, stats.Password: chart.Two, stats.Refused: chart.Bad, stats.Abandoned: chart.Six, stats.Trouble: chart.Four,
	}
	p := chart.Plot{ID: "plot-outcomes", Title: w.OutcomesTitle, Desc: fmt.Sprintf(w.OutcomesDesc, s.label), Times: starts(slots), Totals: true}
	for _, o := range stats.Outcomes() {
		row := chart.Series{Name: names[o], Tone: tones[o]}
		for i := range slots {
			row.Values = append(row.Values, float64(slots[i].Outcomes[o]))
		}
		p.Series = append(p.Series, row)
	}
	return chart.Stacked(p)
}

// mostFactors is how many factors a plot tells apart.
const mostFactors = 5

func factorPlot(slots []stats.Slot, s span) template.HTML {
	w := text.English.Console
	totals := map[string]int{}
	for i := range slots {
		for factor, n := range slots[i].Factors {
			totals[factorWords(factor)] += n
		}
	}
	names := make([]string, 0, len(totals))
	for name := range totals {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := totals[b] - totals[a]; d != 0 {
			return d
		}
		if a < b {
			return -1
		}
		return 1
	})
	if len(names) > mostFactors {
		names = append(names[:mostFactors], w.Factors[stats.FactorOther])
	}
	p := chart.Plot{ID: "plot-factors", Title: w.Overview.FactorsTitle, Desc: fmt.Sprintf(w.Overview.FactorsDesc, s.label), Times: starts(slots), Totals: true}
	at := map[string]int{}
	for j, name := range names {
		at[name] = j
		p.Series = append(p.Series, chart.Series{Name: name, Values: make([]float64, len(slots))})
	}
	for i := range slots {
		for factor, n := range slots[i].Factors {
			j, known := at[factorWords(factor)]
			if !known {
				j = len(names) - 1
			}
			p.Series[j].Values[i] += float64(n)
		}
	}
	return chart.Stacked(p)
}

func latencyPlot(latency []stats.Latency) template.HTML {
	w := text.English.Console.Overview
	p := chart.Plot{
		ID: "plot-latency", Title: w.LatencyTitle, Desc: w.LatencyDesc,
		Format: milliseconds,
		Series: []chart.Series{{Name: w.Median}, {Name: w.P95}},
	}
	for _, l := range latency {
		p.Times = append(p.Times, l.From)
		median, p95 := math.NaN(), math.NaN()
		if l.Calls > l.Failed {
			median, p95 = float64(l.Median)/float64(time.Millisecond), float64(l.P95)/float64(time.Millisecond)
		}
		p.Series[0].Values = append(p.Series[0].Values, median)
		p.Series[1].Values = append(p.Series[1].Values, p95)
	}
	return chart.Lines(p)
}

// milliseconds writes a value of the plot: one decimal where there is room.
func milliseconds(v float64) string {
	if v < 10 {
		return strconv.FormatFloat(v, 'f', 1, 64) + " ms"
	}
	return duration(time.Duration(v * float64(time.Millisecond)))
}

func peoplePlot(people []stats.People) template.HTML {
	w := text.English.Console.Overview
	p := chart.Plot{ID: "plot-people", Title: w.PeopleTitle, Desc: w.PeopleDesc, Series: []chart.Series{{Name: w.NotEnrolled, Tone: chart.Bad}}}
	for _, n := range people {
		p.Times = append(p.Times, n.At)
		p.Series[0].Values = append(p.Series[0].Values, float64(n.Unenrolled))
	}
	return chart.Lines(p)
}
