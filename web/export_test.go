package web

// Unexported parsers under test.
var (
	CheckTarget = checkTarget
	ShellQuote  = shellQuote
	CurlCommand = curlCommand
)
