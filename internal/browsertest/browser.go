package browsertest

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
)

// Browser is a Chromium of one test and its subtests. Its windows share nothing:
// each has cookies of its own, as if it were another person's browser. It is
// safe for concurrent use.
type Browser struct {
	context context.Context //nolint:containedctx // chromedp keeps the browser in it
}

// Launch starts a browser that ends with the test. Without Chromium the test is
// skipped, but where CI is set in the environment it fails: nothing is skipped
// there.
func Launch(t *testing.T) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(find(t)),
		chromedp.NoSandbox, // Chromium refuses to run as root with its sandbox.
		chromedp.IgnoreCertErrors,
		chromedp.Flag("disable-quic", true),
		// What is pressed before a page is painted for the first time counts too.
		chromedp.Flag("allow-pre-commit-input", true),
		chromedp.Flag("disable-component-update", true),
	)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return &Browser{context: browser}
}

// Open opens a window that shares nothing with others, and closes it with the
// test.
func (b *Browser) Open(t *testing.T) *Tab {
	t.Helper()
	window, closeWindow := chromedp.NewContext(b.context, chromedp.WithNewBrowserContext())
	t.Cleanup(closeWindow)
	return newTab(t, window)
}

func find(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "no chromium found")
	return ""
}

// missing skips the test, or fails it in CI.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s, and CI must not skip the browser tests", what)
	}
	t.Skip(what)
}
