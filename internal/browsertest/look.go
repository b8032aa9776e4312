package browsertest

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// narrow is the width of a small telephone.
const narrow = 360

// Look is how a page is looked at.
type Look struct {
	// Width of the window in pixels; 360 and less is a telephone.
	Width int64
	// Dark is the colour scheme that the person prefers.
	Dark bool
}

// String is short and fit for a file name.
func (l Look) String() string {
	scheme := "light"
	if l.Dark {
		scheme = "dark"
	}
	return fmt.Sprintf("%d-%s", l.Width, scheme)
}

// Looks are those in which every page has to be good.
func Looks() []Look {
	return []Look{{Width: 1280}, {Width: 1280, Dark: true}, {Width: narrow}, {Width: narrow, Dark: true}}
}

// SetLook changes the window and the scheme for all that follows.
func (b *Tab) SetLook(l Look) {
	b.t.Helper()
	b.look = l
	b.show(l)
}

func (b *Tab) show(l Look) {
	b.t.Helper()
	if l.Width <= narrow {
		b.Do(chromedp.EmulateViewport(l.Width, 740, chromedp.EmulateMobile))
	} else {
		b.Do(chromedp.EmulateViewport(l.Width, 900))
	}
	scheme := "light"
	if l.Dark {
		scheme = "dark"
	}
	if _, err := chromedp.Call(b.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			// A colour on its way to another would be judged for what it is now.
			{Name: "prefers-reduced-motion", Value: "reduce"},
		},
	}); err != nil {
		b.t.Fatal(err)
	}
}

// Scriptless takes scripts away from the pages, or gives them back.
func (b *Tab) Scriptless(off bool) {
	b.t.Helper()
	b.scriptless = off
	b.scripts(!off)
}

func (b *Tab) scripts(run bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run}); err != nil {
		b.t.Fatal(err)
	}
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

// Photograph is a picture of the whole page as it is on a screen of a middling
// size, in the light.
func (b *Tab) Photograph() []byte {
	b.t.Helper()
	defer b.show(b.look)
	b.show(Look{Width: 960})
	return Read(b, chromedp.FullScreenshot(100))
}
