package web

import "strings"

// curlCommand is the second call, ready for a POSIX shell. caFile may be
// empty.
func curlCommand(url, caFile, username, loginData string) string {
	args := []string{"curl --include"}
	if caFile != "" {
		args = append(args, "--cacert "+shellQuote(caFile))
	}
	args = append(args,
		"--header "+shellQuote("X-Requested-With: curl"),
		"--header "+shellQuote(headerLoginData+": "+loginData),
		"--data-urlencode "+shellQuote("username="+username),
		shellQuote(url))
	return strings.Join(args, " \\\n  ")
}

// shellQuote makes one word of s for a POSIX shell: nothing is special inside
// single quotes but the single quote.
func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
