package main

// Main lets the external tests run the program inside the test binary.
func Main() { main() }

// Quiet is what the program does first.
func Quiet() { quiet() }

// Harden is what the server does to itself before it reads a secret.
func Harden() error { return harden() }

// SettingFields are the fields of the configuration that a reload knows.
func SettingFields() []string {
	var fields []string
	for _, s := range settings() {
		fields = append(fields, s.field)
	}
	return fields
}
