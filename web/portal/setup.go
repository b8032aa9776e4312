package portal

import (
	"net/http"
	"strings"

	"mfaserver/internal/rules"
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// setupPage is the list of clients.
type setupPage struct {
	base

	Address browser.Copyable
	Clients []clientCard
}

type clientCard struct{ ID, Path, Title, Summary string }

// clientPage is how to set up one of them.
type clientPage struct {
	base

	Client text.PortalClient
	Parts  []setupPart
}

// setupPart is a heading with steps, or with sentences.
type setupPart struct {
	ID, Title string
	Ordered   bool
	Steps     []setupStep
}

type setupStep struct {
	Text string
	Copy *browser.Copyable
}

func pathOfClient(c *text.PortalClient) string { return pathSetup + "/" + c.Name }

func (p *Portal) setup(v *visit) {
	t := p.text.Setup
	data := setupPage{
		base:    base{Frame: browser.Frame{Title: t.Title}},
		Address: browser.Copyable{ID: "address", Label: t.Address, Value: p.prompt.Base(v.r)},
	}
	for i := range t.Clients {
		c := &t.Clients[i]
		data.Clients = append(data.Clients, clientCard{ID: "client-" + c.Name, Path: pathOfClient(c), Title: c.Title, Summary: c.Summary})
	}
	p.show(v, http.StatusOK, "setup", &data)
}

// The User-Agent of the Java client, by which rules know it.
const javaClient = "Apache-HttpClient (Mirth Server Connection)"

// setupClient shows the ways that are open to whoever visits, and no others.
func (p *Portal) setupClient(v *visit) {
	for i := range p.text.Setup.Clients {
		c := p.text.Setup.Clients[i]
		if pathOfClient(&c) != v.r.URL.Path {
			continue
		}
		data := clientPage{base: base{Frame: browser.Frame{Title: c.Title}}, Client: c}
		d := p.deps.Rules.Decide(rules.Request{
			Username: v.session.Username, Addr: p.client(v).Addr, UserAgent: javaClient, At: p.cfg.Now(),
			Header: func(string) bool { return false },
		})
		fill := p.placeholders(v)
		data.Parts = append(data.Parts, part("steps", p.text.Setup.Steps, c.Steps, fill))
		if d.Mode == rules.Push && d.Allows(rules.Push) && len(c.Push) > 0 {
			data.Parts = append(data.Parts, part("push", c.PushTitle, c.Push, fill))
		}
		if d.Allows(rules.Code) && len(c.Code) > 0 {
			data.Parts = append(data.Parts, part("code", c.CodeTitle, c.Code, fill))
		}
		notes := part("notes", c.NotesTitle, c.Notes, fill)
		notes.Ordered = false
		notes.Steps = append(notes.Steps, setupStep{Text: p.text.Setup.Certificate})
		data.Parts = append(data.Parts, notes)
		p.show(v, http.StatusOK, "setup-client", &data)
		return
	}
	p.say(v, http.StatusNotFound, p.text.Nowhere)
}

// placeholders puts the server's own address and the user's name into a text.
func (p *Portal) placeholders(v *visit) *strings.Replacer {
	return strings.NewReplacer("{url}", p.prompt.Base(v.r), "{name}", v.session.Username, "{user}", shellWord(v.session.Username))
}

func part(id, title string, steps []text.PortalStep, fill *strings.Replacer) setupPart {
	out := setupPart{ID: id, Title: title, Ordered: true}
	for i, s := range steps {
		step := setupStep{Text: s.Text}
		if s.Copy != "" {
			value := fill.Replace(s.Copy)
			step.Copy = &browser.Copyable{
				ID: id + "-" + string(rune('1'+i)), Label: s.Label, Value: value, Rows: min(14, 1+strings.Count(value, "\n")),
			}
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}

// shellWord is s as one word for a POSIX shell.
func shellWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
