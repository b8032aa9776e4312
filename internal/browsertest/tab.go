// Package browsertest opens pages in headless Chromium for tests, and notes
// what goes wrong in them.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// timeout bounds all that one test does in its tab. It is generous: Chromium
// is slow on a loaded machine.
const timeout = 2 * time.Minute

// Tab is a browser window of one test. Its methods end the test on failure.
type Tab struct {
	t *testing.T
	// Context is chromedp's handle of the window.
	Context context.Context //nolint:containedctx // chromedp keeps the window in it

	mu       sync.Mutex // guards the rest
	console  []string
	requests []string
}

// Open starts a browser for the test. Without Chromium the test is skipped,
// but where CI is set in the environment it fails: nothing is skipped there.
func Open(t *testing.T) *Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(find(t)),
		chromedp.NoSandbox, // Chromium refuses to run as root with its sandbox.
		chromedp.IgnoreCertErrors,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	window, closeWindow := chromedp.NewContext(allocator)
	t.Cleanup(closeWindow)
	b := &Tab{t: t}
	if err := chromedp.Listen(window, b.note); err != nil {
		t.Fatal(err)
	}
	var cancel context.CancelFunc
	b.Context, cancel = context.WithTimeout(window, timeout)
	t.Cleanup(cancel)
	if _, err := chromedp.Call(b.Context, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func find(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no chromium found, and CI must not skip the browser tests")
	}
	t.Skip("no chromium found")
	return ""
}

func (b *Tab) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *cdpruntime.EventConsoleAPICalled:
		b.console = append(b.console, "console."+string(e.Type))
	case *cdpruntime.EventExceptionThrown:
		b.console = append(b.console, e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		b.console = append(b.console, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

// Do runs steps one after the other.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Context, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// Read runs an action for its value.
func Read[T any](b *Tab, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.Context, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// Check fails the test when anything was written to the console, or when any
// request went elsewhere than to the origins.
func (b *Tab) Check(origins ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.console) > 0 {
		b.t.Errorf("console: %q", b.console)
	}
	if len(b.requests) == 0 {
		b.t.Error("no request was seen")
	}
	for _, u := range b.requests {
		if !underAny(u, origins) {
			b.t.Errorf("request to %s", u)
		}
	}
}

func underAny(u string, origins []string) bool {
	for _, origin := range origins {
		if strings.HasPrefix(u, origin+"/") {
			return true
		}
	}
	return false
}

// Screenshot writes a picture into the folder that SCREENSHOTS names in the
// environment, for people to look at; nothing without it.
func (b *Tab) Screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), Read(b, chromedp.FullScreenshot(100)), 0o600); err != nil {
		b.t.Fatal(err)
	}
}
