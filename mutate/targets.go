package main

// target is a package, or the files of one that match the patterns; tests are
// the other packages that test it.
type target struct {
	name, dir string
	files     []string
	tests     []string
}

// targets are the rooms that decide.
func targets() []target {
	return []target{
		{name: "duoclient", dir: "duoclient"},
		{name: "mfa", dir: "mfa"},
		{name: "session", dir: "session"},
		{name: "web", dir: "web", files: []string{
			"policy.go", "target.go", "client.go", "forward.go", "accept.go", "request.go", "routes.go", "principal.go", "redeem.go", "callback.go", "headers.go",
		}},
		{name: "browser", dir: "web/browser", files: []string{"form*.go", "origin.go", "redirect.go", "notice*.go"}, tests: []string{"web", "web/portal"}},
		{name: "gateway", dir: "web/gateway", files: []string{"guard.go", "headers.go", "public.go", "serve.go", "road.go"}},
		{name: "access", dir: "web/gateway/access"},
	}
}
