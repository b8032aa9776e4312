package text

// Prompt is what the page says that leads on to Duo.
type Prompt struct{ Title, Lead, Link string }

var englishPrompt = Prompt{
	Title: "On to Duo",
	Lead:  "Your browser goes on to Duo, where you confirm that it is you.",
	Link:  "Go on to Duo",
}
