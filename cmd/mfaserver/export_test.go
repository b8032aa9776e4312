package main

// Main lets the external tests run the program inside the test binary.
func Main() { main() }
