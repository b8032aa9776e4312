package browser

import (
	"html/template"
	"time"

	"mfaserver/web/browser/qr"
	"mfaserver/web/text"
)

// Kind is what a notice or a badge means. It chooses the colour, never alone:
// the words say the same.
type Kind string

// The kinds.
const (
	Good Kind = "good"
	Bad  Kind = "bad"
	Warn Kind = "warn"
	Info Kind = "info"
	// Plain is a badge without a judgement.
	Plain Kind = "plain"
)

// Notice is one sentence about what came of an action.
type Notice struct {
	Kind Kind
	Text string
}

// Badge is a state in one or two words.
type Badge struct {
	Kind Kind
	Text string
}

// Facts are a list of names and values; the template "facts" shows it.
type Facts struct {
	// Label names the list to those who cannot see it.
	Label string
	List  []Fact
}

// Fact is one line. Value, Time and Badge show up in this order, whichever are
// there, then Note in small print. A fact without any shows a dash.
type Fact struct {
	// ID is the id of the value, for tests; it may be empty.
	ID, Label string
	Value     string
	// Href makes a link of the value.
	Href  string
	Code  bool
	Time  time.Time
	Badge *Badge
	Note  string
	// Countdown shows how long it is until Time.
	Countdown bool
}

// Pager leads through a list; the template "pager" shows it. An empty path is a
// direction that ends here.
type Pager struct{ Previous, Next, Summary string }

// Empty stands where a list has nothing in it; the template "empty" shows it.
type Empty struct {
	Title, Text string
	// Link and Href are a way on, if there is one.
	Link, Href string
}

// Copyable is a text to be copied, with a button where there is JavaScript; the
// template "copyable" shows it.
type Copyable struct {
	// ID is the id of the text.
	ID, Label, Value string
	// Copy is the label of the button; empty means the common one.
	Copy string
	// Help explains the text.
	Help template.HTML
	// Rows is the height in lines; 0 means one. Large is for a code to be typed.
	Rows  int
	Large bool
	// Heading makes a heading of the label. First is for the text that the page
	// is about: its button stands out.
	Heading, First bool
}

// Functions are what templates may call:
//
//	words                      the common words, [text.Common]
//	lang                       the tag of the language
//	when TIME                  a time element: UTC, with JavaScript the reader's own time
//	countdown TIME             how long it is until then (JavaScript alone)
//	icon NAME                  a picture for the eyes alone
//	badge KIND TEXT            a state in a word
//	copyable ID LABEL VALUE    a [Copyable], for the template of that name
//	qr CONTENT LABEL           a QR code as a picture
func Functions() template.FuncMap {
	return template.FuncMap{
		"words":     func() text.Common { return text.English.Common },
		"lang":      func() string { return text.English.Tag },
		"when":      When,
		"countdown": countdown,
		"icon":      Icon,
		"badge":     func(k Kind, words string) template.HTML { return Badge{k, words}.HTML() },
		"copyable":  func(id, label, value string) Copyable { return Copyable{ID: id, Label: label, Value: value} },
		"qr":        qr.SVG,
	}
}

// HTML is the badge as it stands on the page.
func (b Badge) HTML() template.HTML {
	switch b.Kind {
	case Good, Bad, Warn, Info:
	default:
		b.Kind = Plain
	}
	// The kind is one of ours, the text is escaped.
	return template.HTML(`<span class="badge ` + string(b.Kind) + `">` + template.HTMLEscapeString(b.Text) + `</span>`) //nolint:gosec // see above
}

// When is a time as people and programs read it, to the second and in UTC. The
// zero time is "never".
func When(t time.Time) template.HTML { return timeElement("", t) }

func timeElement(id string, t time.Time) template.HTML {
	if t.IsZero() {
		return template.HTML(`<span class="quiet">` + template.HTMLEscapeString(text.English.Common.Never) + `</span>`) //nolint:gosec // escaped
	}
	if id != "" {
		id = ` id="` + template.HTMLEscapeString(id) + `"`
	}
	t = t.UTC()
	// Both formats give letters, figures, spaces and : , . - alone.
	return template.HTML(`<time` + id + ` datetime="` + t.Format(time.RFC3339) + `">` + t.Format("2 Jan 2006, 15:04:05 UTC") + `</time>`) //nolint:gosec // see above
}

// countdown is empty without JavaScript: the time beside it says the same.
func countdown(t time.Time) template.HTML {
	w := text.English.Common
	return template.HTML(`<span class="countdown quiet" data-ends="` + t.UTC().Format(time.RFC3339) + //nolint:gosec // escaped
		`" data-left="` + template.HTMLEscapeString(w.Left) + `" data-over="` + template.HTMLEscapeString(w.Over) + `" hidden></span>`)
}

// Element is the time of the fact.
func (f Fact) Element() template.HTML { return timeElement(f.ID, f.Time) }
