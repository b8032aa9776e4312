package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// text is a module with its licence.
type text struct {
	module, version string
	id              string // SPDX
	words           []byte
}

// Errors about licences. A module without a known one cannot be given on.
var (
	errNoLicence      = errors.New("no licence found")
	errUnknownLicence = errors.New("the licence is none that may be used")
)

// licenceTexts finds the licence of every module in a program, in the module
// cache.
func licenceTexts(info *debug.BuildInfo) ([]text, error) {
	root := runtime.GOROOT() //nolint:staticcheck // it runs where it was built: go run
	std, err := licenceOf(root, "std", standard(info))
	if err != nil {
		return nil, err
	}
	all := []text{std}
	for _, m := range info.Deps {
		folder, err := moduleFolder(m)
		if err != nil {
			return nil, err
		}
		t, err := licenceOf(folder, m.Path, m.Version)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func moduleFolder(m *debug.Module) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", m.Path+"@"+m.Version).Output() //nolint:gosec,noctx // G204: the modules of our own program; it ends by itself
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.Path, err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", fmt.Errorf("%s: %w", m.Path, err)
	}
	return module.Dir, nil
}

func licenceOf(folder, module, version string) (text, error) {
	for _, name := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING", "License"} {
		words, err := os.ReadFile(filepath.Join(folder, name)) //nolint:gosec // in the module cache
		if err != nil {
			continue
		}
		id, err := identify(words)
		if err != nil {
			return text{}, fmt.Errorf("%s: %w", module, err)
		}
		return text{module: module, version: version, id: id, words: words}, nil
	}
	return text{}, fmt.Errorf("%s: %w", module, errNoLicence)
}

// identify tells a licence by words that only it has. Those that are not here do
// not go with the program's own.
func identify(words []byte) (string, error) {
	flat := strings.Join(strings.Fields(string(words)), " ")
	switch {
	case strings.Contains(flat, "Apache License Version 2.0"):
		return "Apache-2.0", nil
	case strings.Contains(flat, "Mozilla Public License Version 2.0"), strings.Contains(flat, "Mozilla Public License, version 2.0"):
		return "MPL-2.0", nil
	case strings.Contains(flat, "Permission is hereby granted, free of charge, to any person obtaining a copy"):
		return "MIT", nil
	case !strings.Contains(flat, "Redistribution and use in source and binary forms"):
		return "", errUnknownLicence
	case strings.Contains(flat, "endorse or promote products"):
		return "BSD-3-Clause", nil
	default:
		return "BSD-2-Clause", nil
	}
}

// notices is what the licences ask to be given on with a program.
func notices(texts []text) []byte {
	var b bytes.Buffer
	for _, t := range texts {
		_, _ = fmt.Fprintf(&b, "%s %s (%s)\n\n%s\n\n", t.module, t.version, t.id, bytes.TrimSpace(t.words))
	}
	return b.Bytes()
}
