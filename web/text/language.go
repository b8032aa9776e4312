package text

// Language is all that the pages say, in one language.
type Language struct {
	// Tag is its name in BCP 47, for the lang attribute.
	Tag      string
	Common   Common
	Callback Callback
	Portal   Portal
	Prompt   Prompt
	Console  Console
	Terminal Terminal
}

// English is the language of the pages.
var English = Language{
	Tag:      "en",
	Common:   englishCommon,
	Callback: englishCallback,
	Portal:   englishPortal,
	Prompt:   englishPrompt,
	Console:  englishConsole,
	Terminal: englishTerminal,
}

// Saying is a page that says one thing.
type Saying struct {
	// Title is what the page is about, Lead what is the matter, Next what the
	// reader can do about it.
	Title, Lead, Next string
}
