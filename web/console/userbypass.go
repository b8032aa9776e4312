package console

import (
	"mfaserver/web/browser"
	"mfaserver/web/text"
)

// bypassFact says when a user in bypass is asked again by himself (threat T159).
func (v *visit) bypassFact(name string) browser.Fact {
	w := text.English.Console.Users
	ends, err := v.console.deps.People.BypassEnds(v.r.Context(), name)
	if err != nil {
		v.log("when a bypass ends cannot be read", err)
	}
	fact := browser.Fact{ID: "bypass-ends", Label: w.BypassEnds, Time: ends}
	if ends.IsZero() {
		fact.Value = w.BypassStays
	}
	return fact
}
