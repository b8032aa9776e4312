package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	main "mfaserver/deploy/sbom"
)

// Threat T186: a bill names the Go library and its licence, twice with the same
// bytes.
func TestBill(t *testing.T) {
	t.Parallel()
	licenses := filepath.Join(t.TempDir(), "licenses.txt")
	args := []string{"--version", "v1.2.3", "--licenses", licenses, os.Args[0]}
	var one, other bytes.Buffer
	if err := errors.Join(main.Run(args, &one), main.Run(args, &other)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), other.Bytes()) {
		t.Error("two bills of one program differ")
	}
	var bill struct {
		BOMFormat   string
		SpecVersion string
		Metadata    struct{ Component struct{ Version string } }
		Components  []struct {
			Name, Version, PURL string
			Licenses            []struct{ License struct{ ID string } }
		}
	}
	if err := json.Unmarshal(one.Bytes(), &bill); err != nil {
		t.Fatal(err)
	}
	if bill.BOMFormat != "CycloneDX" || bill.SpecVersion != "1.6" || bill.Metadata.Component.Version != "v1.2.3" || len(bill.Components) == 0 {
		t.Fatalf("the bill is %+v", bill)
	}
	std := bill.Components[0]
	if std.Name != "std" || len(std.Licenses) != 1 || std.Licenses[0].License.ID != "BSD-3-Clause" || !strings.HasPrefix(std.PURL, "pkg:golang/std@1.") {
		t.Errorf("the library is %+v", std)
	}
	if text, err := os.ReadFile(licenses); err != nil || !bytes.Contains(text, []byte("The Go Authors")) {
		t.Errorf("the licences lack the library's: %v", err)
	}
}

// Threat T186: a licence that is not known to go with ours ends the release.
func TestIdentify(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"Apache License\n   Version 2.0, January 2004":                                                   "Apache-2.0",
		"Permission is hereby granted, free of charge, to any\nperson obtaining a copy":                  "MIT",
		"Redistribution and use in source and binary\nforms ... endorse or promote products":             "BSD-3-Clause",
		"Redistribution and use in source and binary forms, with or without modification, are permitted": "BSD-2-Clause",
	} {
		if got, err := main.Identify([]byte(words)); err != nil || got != want {
			t.Errorf("identify(%q) = %q, %v, want %q", words, got, err, want)
		}
	}
	for _, words := range []string{"", "GNU GENERAL PUBLIC LICENSE Version 3"} {
		if _, err := main.Identify([]byte(words)); !errors.Is(err, main.ErrUnknownLicence) {
			t.Errorf("identify(%q) = %v, want ErrUnknownLicence", words, err)
		}
	}
}
