package portal

import (
	"strings"
	"unicode"
)

// mostAgent is how much of an unknown program's own words is shown.
const mostAgent = 60

// agent names the program that a User-Agent belongs to, as people call it. What
// is not known is shown in its own words, which may be anybody's.
func (p *Portal) agent(header string) string {
	if strings.TrimSpace(header) == "" {
		return p.text.Sessions.UnknownAgent
	}
	if strings.Contains(header, "(Mirth Server Connection)") {
		return p.text.Sessions.MirthAdministrator
	}
	if !strings.HasPrefix(header, "Mozilla/") {
		return shortened(header)
	}
	name := firstIn(header, [][2]string{
		{"Edg", "Microsoft Edge"},
		{"OPR/", "Opera"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	})
	system := firstIn(header, [][2]string{
		{"Windows", "Windows"},
		{"Android", "Android"},
		{"iPhone", "iOS"},
		{"iPad", "iPadOS"},
		{"Mac OS X", "macOS"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	})
	switch {
	case name == "":
		return shortened(header)
	case system == "":
		return name
	default:
		return name + " " + p.text.Sessions.On + " " + system
	}
}

// firstIn is the name of the first mark that is in a text.
func firstIn(text string, marks [][2]string) string {
	for _, m := range marks {
		if strings.Contains(text, m[0]) {
			return m[1]
		}
	}
	return ""
}

// shortened is one short line of a text from outside.
func shortened(text string) string {
	line := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if all := []rune(line); len(all) > mostAgent {
		return string(all[:mostAgent]) + "…"
	}
	return line
}
