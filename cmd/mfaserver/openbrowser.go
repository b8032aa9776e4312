package main

import (
	"context"
	"os"
	"os/exec"
	"runtime"
)

// browserCommand is what opens an address in the user's browser, empty where
// that is not possible: without a display a browser in the terminal would come.
func browserCommand() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{"open"}
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} {
		if os.Getenv(name) != "" {
			return []string{"xdg-open"}
		}
	}
	return nil
}

// openBrowser opens an address, which every user of the machine may read, and
// reports whether it could begin to; failed is called when nothing came of it.
// The browser lives on when this program ends.
func openBrowser(ctx context.Context, address string, failed func()) bool {
	command := browserCommand()
	if len(command) == 0 {
		return false
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), command[0], append(command[1:], address)...) //nolint:gosec // fixed programs and an address of our own
	standApart(cmd)
	if cmd.Start() != nil {
		return false
	}
	go func() {
		if cmd.Wait() != nil {
			failed()
		}
	}()
	return true
}
