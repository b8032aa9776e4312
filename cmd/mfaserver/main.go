// Command mfaserver puts Duo multi-factor authentication in front of
// Mirth-style integration engines.
package main

import (
	"context"
	"io"
	"log" //nolint:depguard // to silence it
	"os"
	"os/signal"
	"syscall"
)

func main() {
	quiet()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], console{in: os.Stdin, out: os.Stdout, err: os.Stderr, self: self(), alone: true})
	stop()
	os.Exit(code)
}

// quiet silences what packages write past our logger: net/http prints there
// what an engine sent after its answer, which may be about a patient (threat
// T193).
func quiet() { log.SetOutput(io.Discard) }
