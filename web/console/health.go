package console

import (
	"net/http"
	"slices"
	"time"

	"mfaserver/web/browser"
	"mfaserver/web/text"
)

const pathHealth = "/health"

// healthSection is how everything is that a sign-in needs.
func (c *Console) healthSection() section {
	if c.deps.Health == nil {
		return section{}
	}
	w := text.English.Console.Health
	return section{
		label: w.Label, path: pathHealth, icon: "health",
		routes: []route{
			get(pathHealth, (*visit).health),
			post(pathHealth+"/check", (*visit).healthCheck),
			get(pathHealth+pathState, (*visit).healthState),
		},
		notices: map[string]browser.Notice{"health-checking": {Kind: browser.Info, Text: w.Checking}},
	}
}

type healthPage struct {
	sheet

	T       text.ConsoleHealth
	Areas   []healthArea
	Seen    time.Time
	Took    string
	Summary browser.Badge
	Running bool
	Action  string
}

// healthArea is a part of the installation with what was found there, the worst
// first.
type healthArea struct {
	Name     string
	Label    string
	State    browser.Badge
	Findings []healthRow
}

type healthRow struct {
	Finding

	State browser.Badge
}

// health shows what was found last; it asks nobody.
func (v *visit) health() {
	all, at := v.console.deps.Health.Findings()
	w := text.English.Console.Health
	page := healthPage{
		sheet: titled(w.Title), T: w, Areas: healthAreas(all), Seen: at.Ended, Running: at.Running, Action: Base + pathHealth + "/check",
		Summary: browser.Badge{Kind: browser.Plain, Text: w.NotChecked},
	}
	if !at.Ended.IsZero() {
		page.Took = duration(at.Took)
		page.Summary = worst(all)
	}
	if at.Running {
		page.Poll = Base + pathHealth + pathState
	}
	v.show(http.StatusOK, "health", &page)
}

// healthAreas sorts findings into their areas, those without findings left out.
func healthAreas(all []Finding) []healthArea {
	var areas []healthArea
	labels := text.English.Console.Areas
	for _, name := range Areas() {
		var here []Finding
		for _, f := range all {
			if f.Area == name || name == AreaOther && !slices.Contains(Areas(), f.Area) {
				here = append(here, f)
			}
		}
		if len(here) == 0 {
			continue
		}
		slices.SortStableFunc(here, func(a, b Finding) int { return severity(b.Level) - severity(a.Level) })
		area := healthArea{Name: name, Label: labels[name], State: worst(here)}
		for _, f := range here {
			area.Findings = append(area.Findings, healthRow{f, levelBadge(f.Level)})
		}
		areas = append(areas, area)
	}
	return areas
}

func severity(l Level) int {
	return slices.Index([]Level{LevelOK, LevelWarn, LevelFail}, l)
}

func levelBadge(l Level) browser.Badge {
	w := text.English.Console.Health
	switch l {
	case LevelOK:
		return browser.Badge{Kind: browser.Good, Text: w.Good}
	case LevelWarn:
		return browser.Badge{Kind: browser.Warn, Text: w.Warning}
	case LevelFail:
	}
	return browser.Badge{Kind: browser.Bad, Text: w.Failure}
}

// worst is the state of several findings.
func worst(all []Finding) browser.Badge {
	level := LevelOK
	for _, f := range all {
		if severity(f.Level) > severity(level) {
			level = f.Level
		}
	}
	return levelBadge(level)
}

// healthCheck looks at everything again.
func (v *visit) healthCheck() {
	v.console.deps.Health.Check()
	v.done(pathHealth, "health-checking")
}

func (v *visit) healthState() {
	_, at := v.console.deps.Health.Findings()
	v.polled(at)
}
