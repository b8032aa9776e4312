package mirth

import (
	"regexp"
	"strings"
)

// maxOutline bounds what Outline returns, in bytes (threat T183).
const maxOutline = 256

// plainSegment is what the API's paths are made of besides names that people
// chose: its own words, numbers of messages and of users, ids of channels.
var plainSegment = regexp.MustCompile(`^(?:_?[A-Za-z]{1,40}|[0-9]{1,10}|[0-9]{1,3}(?:\.[0-9]{1,3}){1,3}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// Outline is a path as a record may keep it: a segment that could be anything
// but a word, a number or an id of the API is "*", for it may say something
// about a patient (threat T193), and what is longer than 256 bytes is cut.
func Outline(path string) string {
	segments := strings.SplitN(path, "/", 32)
	for i, s := range segments {
		if s != "" && !plainSegment.MatchString(s) {
			segments[i] = "*"
		}
	}
	outline := strings.Join(segments, "/")
	return outline[:min(len(outline), maxOutline)]
}
