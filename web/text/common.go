package text

// Common is what the layout and the pieces that pages share say.
type Common struct {
	// Product stands in the head of each page and in its title.
	Product string
	// Skip leads past the head; Menu and Account name parts of it.
	Skip, Menu, Account string
	SignedInAs, SignOut string
	// Good, Bad and Info say what colour alone must not.
	Good, Bad, Info, Warning string

	Copy, Copied, CopiedLong, CopyYours string
	// Left follows a countdown ("1:30 left"), Over takes its place.
	Left, Over string

	Pages, Previous, Next string
	// Numbers opens the table under a plot; Time heads its first column.
	Numbers, Time string
	// NoNumbers stands in an empty plot.
	NoNumbers string
	// Never stands for a time that has not come.
	Never string
	// QR names a QR code to those who cannot see it.
	QR string
}

var englishCommon = Common{
	Product:    "mfaserver",
	Skip:       "Skip to the content",
	Menu:       "Pages",
	Account:    "Your account",
	SignedInAs: "Signed in as",
	SignOut:    "Sign out",
	Good:       "Done:",
	Bad:        "Failed:",
	Info:       "Note:",
	Warning:    "Careful:",
	Copy:       "Copy",
	Copied:     "Copied",
	CopiedLong: "Copied to the clipboard.",
	CopyYours:  "Press Ctrl+C or Cmd+C to copy the selected text.",
	Left:       "left",
	Over:       "over",
	Pages:      "Parts of the list",
	Previous:   "Previous",
	Next:       "Next",
	Numbers:    "Show the numbers",
	Time:       "Time",
	NoNumbers:  "Nothing to show yet",
	Never:      "never",
	QR:         "QR code",
}
