package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// ErrDocument says that an OpenAPI document cannot be read.
var ErrDocument = errors.New("rules: not an OpenAPI document")

// maxDocument is the size of the largest OpenAPI document, in bytes.
const maxDocument = 16 << 20

// Reading knows which requests change nothing on an engine: GET, HEAD and
// OPTIONS, and the POSTs that stand for a GET with a long query. Nothing below
// /connectors reads: those services open connections, to databases too, for
// whoever asks, whatever the method. The zero Reading knows no POST. It never
// changes and is safe for concurrent use.
type Reading struct {
	patterns []string
	posts    Paths
}

// DefaultReading returns the reading POSTs of the engines 3.x and 4.x, for
// when there is no OpenAPI document.
func DefaultReading() Reading {
	return newReading([]string{
		"/alerts/_getAlerts",
		"/channelgroups/_getChannelGroups",
		"/channels/*/messages/_search",
		"/channels/*/messages/count/_search",
		"/channels/_getChannels",
		"/channels/_getSummary",
		"/channels/statistics/_getStatistics",
		"/channels/statuses/_getChannelStatusList",
		"/codeTemplateLibraries/_getCodeTemplateLibraries",
		"/codeTemplates/_getSummary",
		"/events/_search",
		"/events/count/_search",
		"/extensions/globalmapviewer/maps/_getAllMaps",
	})
}

// newReading takes patterns that [NewPaths] accepts; others are left out.
func newReading(patterns []string) Reading {
	patterns = slices.DeleteFunc(patterns, func(p string) bool { _, err := NewPaths(p); return err != nil })
	slices.Sort(patterns)
	r := Reading{patterns: slices.Compact(patterns)}
	r.posts, _ = NewPaths(r.patterns...)
	return r
}

// ReadingOperations finds the reading POSTs in an engine's OpenAPI (or
// Swagger) document. A POST reads when its last segment says so (_search,
// _count, _get and a capital) and its operationId does not say otherwise. What
// is not known to read is taken to write. The error matches [ErrDocument].
func ReadingOperations(doc []byte) (Reading, error) {
	if len(doc) > maxDocument {
		return Reading{}, fmt.Errorf("%w: it is larger than %d bytes", ErrDocument, maxDocument)
	}
	var api struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(doc, &api); err != nil {
		return Reading{}, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if len(api.Paths) == 0 {
		return Reading{}, fmt.Errorf("%w: it has no paths", ErrDocument)
	}
	var patterns []string
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		post, ok := api.Paths[path]["post"]
		if !ok {
			continue
		}
		var operation struct {
			ID string `json:"operationId"`
		}
		if err := json.Unmarshal(post, &operation); err != nil {
			return Reading{}, fmt.Errorf("%w: the POST of %q: %w", ErrDocument, path, err)
		}
		if below, ok := APIPath(path); ok {
			path = below
		}
		if readingPost(path, operation.ID) {
			patterns = append(patterns, parameter.ReplaceAllString(path, "*"))
		}
	}
	return newReading(patterns), nil
}

var (
	parameter = regexp.MustCompile(`\{[^{}/]*\}`)
	// readingSegment is how engines name POSTs that read.
	readingSegment = regexp.MustCompile(`^_(search|count|get[A-Z][A-Za-z]*)$`)
	readingID      = regexp.MustCompile(`^(get|search|find|count)([A-Z_0-9]|$)`)
)

func readingPost(path, operationID string) bool {
	if strings.Contains(path, "*") {
		return false
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	return readingSegment.MatchString(last) && (operationID == "" || readingID.MatchString(operationID))
}

// Operations returns the patterns of the reading POSTs, sorted.
func (r Reading) Operations() []string { return slices.Clone(r.patterns) }

// Reads reports whether a request changes nothing. path is as [APIPath]
// returns it.
func (r Reading) Reads(method, path string) bool {
	segments, ok := split(path)
	if !ok || len(segments) > 0 && strings.EqualFold(segments[0], "connectors") {
		return false
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	case http.MethodPost:
		return r.posts.match(segments, exact)
	default:
		return false
	}
}
