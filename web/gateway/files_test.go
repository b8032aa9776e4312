package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"mfaserver/internal/mirth/mirthtest"
	"mfaserver/web/gateway"
)

func open(client func(*gateway.Config)) func(*gateway.Config) {
	return func(c *gateway.Config) {
		client(c)
		c.Public = gateway.Public{Launcher: true, Explorer: true}
		c.PublicURLs = []string{"https://mirth.example.org:8443/", "https://second.example.org"}
	}
}

// Threat T147: what is outside of the API is closed unless it is configured,
// and the engine hears nothing of it.
func TestOtherContextsAreClosed(t *testing.T) {
	t.Parallel()
	s, client := newEngine(t, mirthtest.Config{}, nil)
	closed := newHouse(t, before(client))
	configured := newHouse(t, open(before(client)))
	for _, target := range []string{
		"/", "/index.html", "/webadmin/", "/webadmin/Index.action", "/installers/x.exe", "/api-docs", "/openapi.json", "/apiexamples/channel",
		"/nonexistent", "/images/logo.png", "/favicon.ico", "/robots.txt", "/WEB-INF/web.xml", "/webstartx", "/webstart/../api/users",
		"/webstart/", "/webstart/client-lib/", "/webstart/client-lib/evil.jar", "/webstart/extensions/evil.jnlp", "/webstart/mirth.properties",
		"/webstart/extensions/libs/dashboardstatus/evil.jar", "/webstart/extensions/libs/evil/evil.jar", "/webstart/client-lib/mirth-client.jar/x",
		"/webstart/client-lib/MIRTH-client.jar", "/Webstart.jnlp", "/webstart.jnlp/", "/api/css/evil.css", "/api/lib/../users", "/api/lib/",
	} {
		for _, h := range []*house{closed, configured} {
			r := h.request(t, http.MethodGet, target, http.NoBody, nil)
			r.Header.Set("X-Test-Files", "1")
			if res, body := h.do(t, r); res.StatusCode != http.StatusNotFound || body != "" {
				t.Errorf("GET %s = %d %q, want an empty 404", target, res.StatusCode, body)
			}
		}
	}
	for _, target := range []string{"/webstart.jnlp", "/webstart", "/webstart/client-lib/mirth-client.jar", "/api/", "/api/lib/swagger-ui-bundle.js"} {
		r := closed.request(t, http.MethodGet, target, http.NoBody, nil)
		r.Header.Set("X-Test-Files", "1")
		if res, _ := closed.do(t, r); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", target, res.StatusCode)
		}
	}
	for _, r := range s.Requests() {
		if strings.Contains(strings.ToLower(r.Target), "evil") || r.Target == "/" {
			t.Errorf("the engine has seen %s", r.Target)
		}
	}
}

// The launcher sends the desktop client to us, and every file that it names is
// there (threat T022: whatever Host says).
func TestLauncher(t *testing.T) {
	t.Parallel()
	s, client := newEngine(t, mirthtest.Config{}, nil)
	h := newHouse(t, open(before(client)))
	for host, want := range map[string]string{
		"": "https://mirth.example.org:8443", "evil.example": "https://mirth.example.org:8443",
		"second.example.org": "https://second.example.org", "SECOND.example.org:443": "https://second.example.org",
		"mirth.example.org:8443": "https://mirth.example.org:8443",
	} {
		for _, target := range []string{"/webstart.jnlp", "/webstart"} {
			r := h.request(t, http.MethodGet, target, http.NoBody, nil)
			r.Header.Set("X-Forwarded-Host", "evil.example")
			if host != "" {
				r.Host = host
			}
			res, body := h.do(t, r)
			if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/x-java-jnlp-file;charset=utf-8" {
				t.Fatalf("GET %s = %d %v", target, res.StatusCode, res.Header)
			}
			checkLauncher(t, body, want)
			if strings.Contains(body, "evil") || strings.Contains(body, "127.0.0.1") {
				t.Errorf("the launcher is %s", body)
			}
		}
	}
	_, body := h.get(t, "/webstart.jnlp", nil)
	files := h.named(t, body, "/")
	if len(files) < 8 {
		t.Errorf("%d files only", len(files))
	}
	_, plugin := h.get(t, "/webstart/extensions/dashboardstatus.jnlp", nil)
	files = append(files, h.named(t, plugin, "/webstart/extensions/")...)
	for _, file := range files {
		res, body := h.get(t, file, nil)
		if res.StatusCode != http.StatusOK || body == "" {
			t.Errorf("GET %s = %d with %d bytes", file, res.StatusCode, len(body))
		}
		if strings.HasSuffix(file, ".jar") && (res.Header.Get("Content-Type") != "application/java-archive" || !strings.HasPrefix(body, "PK")) {
			t.Errorf("GET %s has %v", file, res.Header)
		}
		if res, _ := h.do(t, h.request(t, http.MethodHead, file, http.NoBody, nil)); res.StatusCode != http.StatusOK {
			t.Errorf("HEAD %s = %d", file, res.StatusCode)
		}
	}
	if res, _ := h.do(t, h.request(t, http.MethodPost, "/webstart.jnlp", strings.NewReader("evil"), nil)); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST = %d, want 405", res.StatusCode)
	}
	for _, r := range s.Requests() {
		if len(r.Body) != 0 || r.Header.Get("Cookie") != "" || strings.Contains(r.Target, "?") || r.Header.Get("User-Agent") != "mfaserver" {
			t.Errorf("the engine has seen %s %s %v", r.Method, r.Target, r.Header)
		}
	}
}

func checkLauncher(t *testing.T, body, home string) {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(body); err != nil {
		t.Fatal(err)
	}
	args := doc.FindElements("/jnlp/application-desc/argument")
	if got := doc.Root().SelectAttrValue("codebase", ""); got != home || len(args) != 2 || args[0].Text() != home || args[1].Text() != "4.5.2" {
		t.Errorf("codebase %q, arguments %v; want %q", got, args, home)
	}
}

// named are the files that a document names.
func (h *house) named(t *testing.T, body, base string) []string {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(body); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, e := range doc.FindElements("//[@href]") {
		if href := e.SelectAttrValue("href", ""); !strings.Contains(href, "://") {
			files = append(files, base+href)
		}
	}
	return files
}

// The explorer's page is there with what it names, and its scripts load from
// here alone.
func TestExplorer(t *testing.T) {
	t.Parallel()
	_, client := newEngine(t, mirthtest.Config{}, nil)
	h := newHouse(t, open(before(client)))
	for _, target := range []string{"/api/", "/api/index.html"} {
		res, body := h.get(t, target, nil)
		if res.StatusCode != http.StatusOK || !strings.Contains(body, "swagger-ui-bundle.js") ||
			!strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("GET %s = %d %v", target, res.StatusCode, res.Header)
		}
	}
	for target, want := range map[string]string{"/api/lib/swagger-ui-bundle.js": "text/javascript", "/api/css/screen.css": "text/css"} {
		if res, body := h.get(t, target, nil); res.StatusCode != http.StatusOK || body == "" || res.Header.Get("Content-Type") != want {
			t.Errorf("GET %s = %d %v", target, res.StatusCode, res.Header)
		}
	}
}

// What style sheets name is there too.
func TestExplorerStyles(t *testing.T) {
	t.Parallel()
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/":
			_, _ = io.WriteString(rw, `<link href='css/a.css'><script src="/evil.js"></script><script src="https://evil/x.js"></script><img src="../x.png">`)
		case "/api/css/a.css":
			_, _ = io.WriteString(rw, `a{background:url("../images/b.png")} b{src:url(../fonts/c.woff2?#iefix)} c{d:url(/evil.png)} e{f:url(http://evil/)}`)
		default:
			_, _ = io.WriteString(rw, "file")
		}
	})
	h := newHouse(t, open(to(w)))
	for target, want := range map[string]int{
		"/api/css/a.css": 200, "/api/images/b.png": 200, "/api/fonts/c.woff2": 200, "/api/images/x.png": 404, "/x.png": 404, "/evil.js": 404,
		"/evil.png": 404,
	} {
		r := h.request(t, http.MethodGet, target, http.NoBody, nil)
		r.Header.Set("X-Test-Files", "1")
		if res, _ := h.do(t, r); res.StatusCode != want {
			t.Errorf("GET %s = %d, want %d", target, res.StatusCode, want)
		}
	}
}

// A launcher that is none, or one with a document type, is not passed on.
func TestOddLaunchers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body   string
		status int
		want   int
	}{
		"not there":       {"", http.StatusNotFound, http.StatusNotFound},
		"broken":          {"<jnlp", http.StatusOK, http.StatusServiceUnavailable},
		"another root":    {"<html/>", http.StatusOK, http.StatusServiceUnavailable},
		"a document type": {`<!DOCTYPE jnlp [<!ENTITY a SYSTEM "file:///etc/passwd">]><jnlp>&a;</jnlp>`, http.StatusOK, http.StatusServiceUnavailable},
		"too long":        {"<jnlp>" + strings.Repeat(" ", 2<<20) + "</jnlp>", http.StatusOK, http.StatusServiceUnavailable},
		"a redirect":      {"", http.StatusFound, http.StatusServiceUnavailable},
		"an error":        {"stack trace", http.StatusInternalServerError, http.StatusServiceUnavailable},
		"compressed":      {"gzip", http.StatusOK, http.StatusServiceUnavailable},
	} {
		w := newWire(t, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Location", "https://evil.example/")
			rw.Header().Set("Set-Cookie", "a="+canary)
			if c.body == "gzip" {
				rw.Header().Set("Content-Encoding", "gzip")
			}
			rw.WriteHeader(c.status)
			_, _ = io.WriteString(rw, c.body)
		})
		h := newHouse(t, open(to(w)))
		res, body := h.get(t, "/webstart.jnlp", nil)
		if res.StatusCode != c.want || body != "" || res.Header.Get("Location") != "" || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: GET = %d %q %v, want an empty %d", name, res.StatusCode, body, res.Header, c.want)
		}
	}
}

// Whoever asks for public files without end gets no more than a share of us.
func TestDownloadsAreBounded(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	w := newWire(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/webstart.jnlp" {
			_, _ = io.WriteString(rw, `<jnlp><resources><jar href="webstart/client-lib/a.jar"/></resources></jnlp>`)
			return
		}
		_, _ = rw.Write([]byte("PK"))
		_ = http.NewResponseController(rw).Flush()
		<-release
	})
	h := newHouse(t, open(to(w)))
	var open []*http.Response
	defer func() {
		for _, res := range open {
			_ = res.Body.Close()
		}
	}()
	defer close(release)
	for deadline := time.Now().Add(10 * time.Second); ; {
		res, err := h.Client.Do(h.request(t, http.MethodGet, "/webstart/client-lib/a.jar", http.NoBody, nil))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, res)
		if res.StatusCode == http.StatusServiceUnavailable {
			break
		}
		if len(open) > 64 || time.Now().After(deadline) {
			t.Fatalf("%d downloads at a time", len(open))
		}
	}
	if len(open) < 8 {
		t.Errorf("%d downloads only", len(open))
	}
}
