package portal

// nextConsole stands for the administration console.
const nextConsole = "console"

// nextPaths are the words that say where to go after a sign-in: never an
// address, so that a link from elsewhere can lead nowhere else.
func nextPaths() map[string]string {
	return map[string]string{
		"sessions": pathSessions, "devices": pathDevices, "add": pathAdd, "code": pathCode, "clients": pathSetup,
	}
}

// nextPath is where a word leads: to the first page, where it means nothing.
func nextPath(word string) string {
	if path, ok := nextPaths()[word]; ok {
		return path
	}
	return pathHome
}

// nextQuery is the query by which the first page learns where somebody who has
// to sign in wanted to go.
func nextQuery(path string) string {
	for word, at := range nextPaths() {
		if at == path {
			return "?next=" + word
		}
	}
	return ""
}

// nextWord is the word of a query or form that means something, or empty.
func nextWord(word string) string {
	if _, ok := nextPaths()[word]; ok || word == nextConsole {
		return word
	}
	return ""
}
