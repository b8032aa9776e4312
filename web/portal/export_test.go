package portal

// Route is a route as tests see it.
type Route struct {
	Method, Path string
	Open, Once   bool
}

// Routes are all routes of the portal.
func Routes() []Route {
	var all []Route
	for path, methods := range routes() {
		for method, at := range methods {
			all = append(all, Route{method, path, at.open, at.once})
		}
	}
	return all
}

// Agent is what a User-Agent is called.
func (p *Portal) Agent(header string) string { return p.agent(header) }

// Proof is what a factor and a reason are called.
func (p *Portal) Proof(factor, reason string) string { return p.proof(factor, reason) }

// ShellWord is a word for a shell.
func ShellWord(s string) string { return shellWord(s) }
