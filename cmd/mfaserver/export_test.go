package main

import (
	"context"
	"log/slog"
	"time"
)

// Main lets the external tests run the program inside the test binary.
func Main() { main() }

// Quiet is what the program does first.
func Quiet() { quiet() }

// Harden is what the server does to itself before it reads a secret.
func Harden() error { return harden() }

// Attend does something again and again, as the server does its duties, until
// ctx ends.
func Attend(ctx context.Context, logger *slog.Logger, every time.Duration, do func(context.Context) error) {
	(&app{logger: logger}).attend(ctx, duty{name: "test", every: every, do: do})
}
