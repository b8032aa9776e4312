package audit

import (
	_ "embed" // the catalogue reads its own block of constants
	"maps"
	"regexp"
	"slices"
	"sync"
)

//go:embed catalogue.go
var catalogueSource string

var catalogue = sync.OnceValue(func() map[Name]bool {
	names := make(map[Name]bool)
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +Name = "([a-z0-9_.]+)"$`).FindAllStringSubmatch(catalogueSource, -1) {
		names[Name(m[1])] = true
	}
	return names
})

// Known reports whether name is in the catalogue: whether catalogue.go has a
// constant of that value.
func Known(name Name) bool { return catalogue()[name] }

// Names are all entries of the catalogue, in alphabetical order.
func Names() []Name { return slices.Sorted(maps.Keys(catalogue())) }
