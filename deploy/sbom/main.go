// Command sbom prints the bill of materials of a Go program (CycloneDX 1.6,
// JSON), and writes the licences of all that is in it.
//
//	go run ./deploy/sbom --version v1.2.3 --licenses licenses.txt PROGRAM
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("sbom", flag.ContinueOnError)
	version := flags.String("version", "", "version of the program")
	licenses := flags.String("licenses", "", "file for the texts of the licences")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *version == "" || *licenses == "" {
		return errors.New("usage: sbom --version V --licenses FILE PROGRAM")
	}
	info, err := buildinfo.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	texts, err := licenceTexts(info)
	if err != nil {
		return err
	}
	if err := os.WriteFile(*licenses, notices(texts), 0o644); err != nil { //nolint:gosec // G306: for everybody to read
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(bill(info, *version, texts))
}
