package console

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mfaserver/internal/audit"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// exportTime bounds an export, and exportStep the writing of some of it: a
// client that does not read does not hold it for ever.
const (
	exportTime = 10 * time.Minute
	exportStep = 30 * time.Second
)

// exportPage asks for the form of an export.
type exportPage struct {
	sheet

	T      text.ConsoleAudit
	Action string
	// Wanted is the filter.
	Wanted browser.Facts
	All    bool
	Back   string
}

// auditExportForm shows what would be exported.
func (v *visit) auditExportForm() {
	q, ok := readSegment(v.values["filter"])
	if !ok {
		v.say(http.StatusNotFound, text.English.Console.Frame.Nowhere)
		return
	}
	w := text.English.Console.Audit
	page := exportPage{sheet: titled(w.ExportTitle), T: w, Action: Base + pathExport + v.values["filter"], All: true}
	page.Wanted.Label = w.Wanted
	labels := map[string]string{
		"user": w.User, "actor": w.Actor, "event": w.Event, "outcome": w.Outcome, "source": w.Source, "from": w.From, "to": w.To,
		"login": w.Login, "session": w.Session, "request": w.Request,
	}
	for _, name := range auditNames() {
		if q[name] != "" {
			page.All = false
			page.Wanted.List = append(page.Wanted.List, browser.Fact{Label: labels[name], Value: audit.Printable(q[name])})
		}
	}
	page.Back = Base + pathAudit + "?" + filterQuery(q, "", 0)
	v.show(http.StatusOK, "auditexport", &page)
}

// auditExport streams the records that the filter wants. That somebody takes
// them is recorded before the first one is sent.
func (v *visit) auditExport() {
	q, ok := readSegment(v.values["filter"])
	if !ok {
		v.say(http.StatusNotFound, text.English.Console.Frame.Nowhere)
		return
	}
	f, err := readFilter(q)
	format := audit.Format(v.form["format"])
	if err != nil || format != audit.CSV && format != audit.JSONLines {
		v.say(http.StatusBadRequest, text.English.Console.Frame.BadQuery)
		return
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), exportTime)
	defer cancel()
	actor := v.actor()
	err = v.console.deps.Recorder.Record(context.WithoutCancel(ctx), audit.Event{
		Name: audit.AuditExported, Outcome: audit.OK, Username: actor.Name, Actor: actor.Name, Source: actor.Source,
		UserAgent: actor.UserAgent, Session: actor.Session, RequestID: actor.RequestID,
		Detail: map[string]string{"format": string(format), "filter": filterQuery(q, "", 0)},
	})
	if err != nil {
		v.unavailable(err)
		return
	}
	v.stream(ctx, format, f)
}

// stream sends the records. Once it has begun an error can only cut it off.
func (v *visit) stream(ctx context.Context, format audit.Format, f audit.Filter) {
	kind := "text/csv; charset=utf-8; header=present"
	if format == audit.JSONLines {
		kind = "application/x-ndjson; charset=utf-8"
	}
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="audit-`+v.console.cfg.Now().UTC().Format("20060102-150405")+`.`+string(format)+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	_, err := audit.Export(&patient{v: v}, format, v.console.deps.Trail.Search(ctx, f))
	if err != nil && !errors.Is(err, context.Canceled) {
		v.log("export of the audit trail cut off", err) //nolint:contextcheck // a visit carries its request, and with it the context
		// Half a file must not look like a whole one.
		panic(http.ErrAbortHandler)
	}
}

// patient gives each part of a stream its time.
type patient struct {
	v *visit
	n int
}

// Write implements [io.Writer].
func (p *patient) Write(b []byte) (int, error) {
	if p.n++; p.n%100 == 1 {
		p.v.patience(exportStep)
	}
	return p.v.w.Write(b)
}
