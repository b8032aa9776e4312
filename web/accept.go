package web

import (
	"net/http"
	"strconv"
	"strings"
)

// acceptsPlain reports whether the client takes text/plain; no Accept header
// takes everything (RFC 9110 section 12.5.1).
func acceptsPlain(r *http.Request) bool {
	ranges := acceptRanges(r)
	if len(ranges) == 0 {
		return true
	}
	best, quality := 0, 0.0
	for _, a := range ranges {
		specific := 0
		switch a.media {
		case "text/plain":
			specific = 3
		case "text/*":
			specific = 2
		case "*/*":
			specific = 1
		}
		if specific > best {
			best, quality = specific, a.quality
		}
	}
	return quality > 0
}

// namesJSON reports whether the client names JSON among what it takes, and not
// XML. The engine words an error as JSON for every client that names JSON; its
// own Java client, which names both, throws at an object with several members.
func namesJSON(r *http.Request) bool {
	found := false
	for _, a := range acceptRanges(r) {
		switch {
		case a.quality <= 0:
		case a.media == "application/xml":
			return false
		case a.media == "application/json":
			found = true
		}
	}
	return found
}

type acceptRange struct {
	media   string
	quality float64
}

func acceptRanges(r *http.Request) []acceptRange {
	var ranges []acceptRange
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, params, _ := strings.Cut(item, ";")
		media = strings.ToLower(strings.TrimSpace(media))
		if media == "" {
			continue
		}
		a := acceptRange{media: media, quality: 1}
		for p := range strings.SplitSeq(params, ";") {
			name, value, _ := strings.Cut(p, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "q") {
				continue
			}
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || q < 0 || q > 1 {
				q = 0
			}
			a.quality = q
		}
		ranges = append(ranges, a)
	}
	return ranges
}
