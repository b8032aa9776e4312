// Package walks holds the browser tests of the whole: the real program, as
// "mfaserver demo" runs it, and people who walk through its pages in headless
// Chromium: at the callback, in the portal and the console, and at the
// simulator's prompt and phones. It has no code but tests:
//
//	go test ./walks                          all walks
//	go test ./walks -run TestWalks/portal    some
//	SCREENSHOTS=/tmp/x go test ./walks       keeps a picture of every page in all looks
//	make pictures                            takes the pictures of docs/pages.md anew
//
// Every page that a walk comes to is audited: axe-core finds nothing, in light
// and dark, on a screen of 1280 pixels and of 360; nothing is wider than the
// screen. Through the whole walk nothing is written to the console, nothing
// breaks the policy of a page, and nothing is asked of another origin than the
// server's and the simulator's.
//
// The walks share one program, one demo and one Chromium; each has users and
// windows of its own.
package walks
