package text

// Console is what the pages under /mfa/admin/ say.
type Console struct{}

var englishConsole = Console{}
