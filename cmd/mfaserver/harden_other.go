//go:build !linux

package main

// harden does nothing: the system has its own ways to forbid core dumps.
func harden() error { return nil }
