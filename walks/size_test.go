package walks_test

import (
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// What a house of some size has.
const (
	manyUsers   = 5_000
	manyRecords = 100_000
	// soon is how long a page may take then.
	soon = 200 * time.Millisecond
)

// size asks for every page of portal and console in a house of some size. Each
// is there soon, and none is long: lists are paged.
func size(t *testing.T, h *house) {
	dir := t.TempDir()
	seedTrail(t, dir, manyRecords)
	d := h.startDemo(t, "--auto", "approve", "--users", "5000", "--children", "3", "--data-dir", dir)
	v := h.visitor(t, d)
	v.enter("#sign-in", d.username, d.password)
	v.Wait("#sign-out")
	v.enterConsole()
	cookies := v.cookies()
	// The trail was put there without an index, which the server makes first, in
	// the background.
	for range 300 {
		if d.fetch(t, "/mfa/admin/audit", cookies).took < soon/4 {
			break
		}
	}

	pages := h.crawl(t, d, cookies)
	for _, page := range pages {
		t.Logf("%-60s %4d ms %7d bytes", page.path, page.took.Milliseconds(), page.size)
		if page.took > soon {
			t.Errorf("%s took %v, want %v at most", page.path, page.took, soon)
		}
		if page.size > 300<<10 {
			t.Errorf("%s has %d bytes: is it paged?", page.path, page.size)
		}
	}
}

// cookies are those of the browser for the server.
func (v *visitor) cookies() string {
	v.t.Helper()
	got, err := chromedp.Call(v.Context, network.GetCookies, network.GetCookiesParams{URLs: []string{v.d.server + "/mfa/admin/"}})
	if err != nil {
		v.t.Fatal(err)
	}
	var pairs []string
	for _, c := range got.Cookies {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

// page is one that a crawl came to.
type page struct {
	path string
	took time.Duration
	size int
	body string
}

var links = regexp.MustCompile(`<a\b[^>]*\bhref="(/mfa/[^"#]*)`)

// crawl follows the links of portal and console from page to page, a few of
// each kind, and times them: the best of some tries, for the machine may have
// other work.
func (h *house) crawl(t *testing.T, d *demo, cookies string) []page {
	t.Helper()
	var pages []page
	queue, kinds := []string{"/mfa/", "/mfa/admin/"}, map[string]int{}
	seen := map[string]bool{queue[0]: true, queue[1]: true}
	for len(queue) > 0 && len(pages) < 150 {
		path := queue[0]
		queue = queue[1:]
		p := d.fetch(t, path, cookies)
		for try := 0; try < 5 && p.took > soon/4; try++ {
			if again := d.fetch(t, path, cookies); again.took < p.took {
				p = again
			}
		}
		pages = append(pages, p)
		for _, link := range links.FindAllStringSubmatch(p.body, -1) {
			next := html.UnescapeString(link[1])
			if seen[next] || kinds[kind(next)] >= 3 {
				continue
			}
			seen[next] = true
			kinds[kind(next)]++
			queue = append(queue, next)
		}
	}
	return pages
}

// fetch gets a page as the browser with the cookies would.
func (d *demo) fetch(t *testing.T, path, cookies string) page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.server+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", cookies)
	client := &http.Client{Transport: d.client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	began := time.Now()
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // everything was read
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if resp.StatusCode >= http.StatusInternalServerError {
		t.Errorf("%s = %d", path, resp.StatusCode)
	}
	if to := resp.Header.Get("Location"); strings.HasPrefix(to, "/mfa/") {
		body = []byte(`<a href="` + html.EscapeString(to) + `">`)
	}
	return page{path: path, took: took, size: len(body), body: string(body)}
}

// kind is what the addresses of pages of one kind have in common: segments that
// are words of the program, and the names of the query.
func kind(path string) string {
	path, query, _ := strings.Cut(path, "?")
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if i > 3 && !word.MatchString(s) {
			segments[i] = "*"
		}
	}
	var names []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(segments, "/") + "?" + strings.Join(names, "&")
}

var word = regexp.MustCompile(`^[a-z][a-z-]{1,15}$`)
