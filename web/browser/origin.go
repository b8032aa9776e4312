package browser

import (
	"net/http"
	"slices"
)

// ForeignSite reports whether a browser says that another site made the
// request. Clients that are not browsers say nothing.
func ForeignSite(h http.Header) bool {
	for _, v := range h.Values("Sec-Fetch-Site") {
		if v != "same-origin" && v != "none" {
			return true
		}
	}
	return false
}

// FromOurPage reports whether a browser says that the request came from a page
// of this server, which has the given public URLs. With the referrer policy of
// our pages browsers send "Origin: null", so Sec-Fetch-Site decides where there
// is one.
func FromOurPage(h http.Header, publicURLs []string) bool {
	if site := h.Values("Sec-Fetch-Site"); len(site) > 0 {
		return len(site) == 1 && site[0] == "same-origin"
	}
	origin := h.Values("Origin")
	return len(origin) == 1 && slices.Contains(publicURLs, origin[0])
}
