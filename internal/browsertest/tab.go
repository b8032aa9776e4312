package browsertest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Whatever is waited for comes within stepTime; timeout bounds all that one test
// does in its tab. Both are generous: Chromium is slow on a loaded machine.
const (
	stepTime = time.Minute
	timeout  = 5 * time.Minute
)

// replaced is what Chromium says of an element whose page is gone.
const replaced = "Could not find node with given id"

// Tab is a browser window of one test. Its methods end the test on failure.
type Tab struct {
	t *testing.T
	// Context is chromedp's handle of the window.
	Context context.Context //nolint:containedctx // chromedp keeps the window in it

	look Look
	// scriptless is set while the page may run no scripts.
	scriptless bool

	mu       sync.Mutex // guards the rest
	console  []string
	requests []string
	pages    map[string]bool // addresses of documents
}

// Open starts a browser for the test; see [Launch].
func Open(t *testing.T) *Tab {
	t.Helper()
	return newTab(t, Launch(t).context)
}

func newTab(t *testing.T, window context.Context) *Tab { //nolint:revive // t goes first
	t.Helper()
	b := &Tab{t: t, look: Look{Width: 1280}, pages: map[string]bool{}}
	if err := chromedp.Listen(window, b.note); err != nil {
		t.Fatal(err)
	}
	var cancel context.CancelFunc
	b.Context, cancel = context.WithTimeout(window, timeout)
	t.Cleanup(cancel)
	if _, err := chromedp.Call(b.Context, network.Enable, network.EnableParams{}); err != nil { //nolint:contextcheck // the window has its own
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.Context, audits.Enable, cdp.Empty{}); err != nil { //nolint:contextcheck // likewise
		t.Fatal(err)
	}
	return b
}

// Do runs steps one after the other.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, stepTime)
	defer cancel()
	for i, step := range steps {
		if _, err := settled(ctx, step); err != nil {
			b.fail(fmt.Errorf("step %d of %d: %w", i+1, len(steps), err))
		}
	}
}

// settled runs a step, and again where the page was replaced between the look
// for an element and its use: nothing has been done to the element then.
func settled[T any](ctx context.Context, step chromedp.Action[T]) (T, error) {
	for {
		v, err := chromedp.Run(ctx, step)
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), replaced) {
			return v, err
		}
	}
}

// fail ends the test and says where the tab is.
func (b *Tab) fail(err error) {
	b.t.Helper()
	const where = `location.href.split("?")[0] + "\n" + document.title + "\n" + (document.body ? document.body.innerText.slice(0, 600) : "") +
		[...document.querySelectorAll("input:not([type=hidden],[type=password]), select")].map(e => "\n" + e.id + "=" + e.value).join("")`
	ctx, cancel := context.WithTimeout(b.Context, 5*time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Evaluate[string](where))
	b.t.Fatalf("%v at %s", err, at)
}

// Read runs an action for its value.
func Read[T any](b *Tab, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, stepTime)
	defer cancel()
	v, err := settled(ctx, a)
	if err != nil {
		b.fail(err)
	}
	return v
}

// Visit opens an address and returns the status of the page that comes.
func (b *Tab) Visit(url string) int {
	b.t.Helper()
	return b.loaded(chromedp.NavigateResponse(url))
}

// Follow clicks on what the selector finds, waits for the page to which that
// leads, and returns its status.
func (b *Tab) Follow(selector string) int {
	b.t.Helper()
	return b.loaded(func(ctx context.Context, _ *chromedp.Target) (*network.Response, error) {
		return chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
	})
}

// loaded runs what loads a page and returns the page's status.
func (b *Tab) loaded(load chromedp.Action[*network.Response]) int {
	b.t.Helper()
	response := Read(b, load)
	if response == nil {
		return 0
	}
	return int(response.Status)
}

// Wait waits until the selector finds something that can be seen.
func (b *Tab) Wait(selector string) {
	b.t.Helper()
	b.Do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Type writes into a field, in place of what is there.
func (b *Tab) Type(selector, text string) {
	b.t.Helper()
	b.Do(chromedp.Clear(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Text is what can be read at the selector, without the space around it.
func (b *Tab) Text(selector string) string {
	b.t.Helper()
	return strings.TrimSpace(Read(b, chromedp.Text(chromedp.CSS(selector))))
}

// Value is what stands in a field.
func (b *Tab) Value(selector string) string {
	b.t.Helper()
	return strings.TrimSpace(Read(b, chromedp.Value(chromedp.CSS(selector))))
}

// WaitGone waits until the selector finds nothing any more.
func (b *Tab) WaitGone(selector string) {
	b.t.Helper()
	b.Do(chromedp.WaitNotPresent(chromedp.CSS(selector)))
}
