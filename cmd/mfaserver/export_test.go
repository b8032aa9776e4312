package main

// Main lets the external tests run the program inside the test binary.
func Main() { main() }

// Quiet is what the program does first.
func Quiet() { quiet() }

// Harden is what the server does to itself before it reads a secret.
func Harden() error { return harden() }
