package main

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// document is a bill of materials, of CycloneDX 1.6 as much as is needed. It has
// no time and no serial number: two of one commit are the same.
type document struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type     string    `json:"type"`
	Ref      string    `json:"bom-ref"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	PURL     string    `json:"purl,omitempty"`
	Licenses []licence `json:"licenses"`
}

type licence struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// bill lists the modules of a program and the Go library that it was built with.
func bill(info *debug.BuildInfo, version string, texts []text) document {
	program := component{Type: "application", Ref: "mfaserver", Name: info.Main.Path, Version: version, Licenses: named("Apache-2.0")}
	d := document{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{Component: program}}
	all := dependency{Ref: program.Ref}
	for _, t := range texts {
		purl := fmt.Sprintf("pkg:golang/%s@%s", t.module, t.version)
		d.Components = append(d.Components, component{
			Type: "library", Ref: purl, Name: t.module, Version: t.version, PURL: purl, Licenses: named(t.id),
		})
		all.DependsOn = append(all.DependsOn, purl)
	}
	d.Dependencies = []dependency{all}
	return d
}

func named(id string) []licence {
	all := make([]licence, 1)
	all[0].License.ID = id
	return all
}

// standard is the version of the Go library.
func standard(info *debug.BuildInfo) string { return strings.TrimPrefix(info.GoVersion, "go") }
