// Package browsertest opens pages in headless Chromium for tests and notes what
// goes wrong in them: anything on the console, requests to other origins, rules
// of accessibility that are broken, pages that are wider than the screen.
package browsertest
