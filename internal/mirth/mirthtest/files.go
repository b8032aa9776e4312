package mirthtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
)

const (
	typeHTML = "text/html"
	typeJNLP = "application/x-java-jnlp-file;charset=utf-8"
	typeJar  = "application/java-archive"
	// jarSize is how long a made-up jar is.
	jarSize = 80 << 10
)

// clientJars are the files that the launcher loads first.
func clientJars() []string {
	return []string{
		"mirth-client.jar", "mirth-client-core.jar", "mirth-crypto.jar", "mirth-vocab.jar",
		"donkey-model.jar", "commons-lang3-3.13.0.jar", "jersey-client-2.22.1.jar", "xstream-1.4.20.jar",
	}
}

// outside answers everything that is no API: the start page, the launcher and
// its jars.
func (s *Server) outside(r *http.Request, t target) reply {
	if r.RequestURI == "*" {
		p := empty(http.StatusOK)
		p.set("Allow", "GET, HEAD, TRACE, OPTIONS")
		return p
	}
	if r.Method == http.MethodTrace {
		return untraced()
	}
	launcher := t.raw == "/webstart.jnlp" || t.raw == "/webstart" || strings.HasPrefix(t.raw, "/webstart/")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if t.raw == "/webstart.jnlp" || t.raw == "/webstart" {
			return errorPage(r, t.raw, http.StatusMethodNotAllowed,
				"HTTP method "+r.Method+" is not supported by this URL", launchServlet)
		}
		return errorPage(r, t.raw, http.StatusMethodNotAllowed, "Method Not Allowed", defaultServlet)
	}
	if launcher {
		if p, ok := s.launch(r, t.raw); ok {
			return p
		}
	}
	switch {
	case t.raw == "/" || t.raw == "/index.html":
		return page("<title>Mirth Connect</title><h1>Mirth Connect Administrator</h1>" +
			`<a href="webstart.jnlp">Launch</a> <a href="api/">API</a>`)
	case strings.HasPrefix(t.raw, "/apiexamples/"):
		return reply{status: http.StatusOK, contentType: "application/xml", body: []byte("<channel/>")}
	case strings.HasPrefix(t.raw, "/images/"):
		return reply{status: http.StatusOK, contentType: "image/png", body: []byte("\x89PNG\r\n\x1a\n")}
	}
	return errorPage(r, t.raw, http.StatusNotFound, "Not Found", defaultServlet)
}

func page(body string) reply {
	return reply{status: http.StatusOK, contentType: typeHTML, body: []byte("<!DOCTYPE html>\n<html>" + body + "</html>\n")}
}

// explorer serves the pages that let a person try the API; they are below its
// path and need no header.
func (s *Server) explorer(r *http.Request, t target) (reply, bool) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return reply{}, false
	}
	switch strings.Join(t.segments, "/") {
	case "":
		if t.almost {
			return reply{}, false
		}
		if !strings.HasSuffix(t.raw, "/") {
			p := empty(http.StatusFound)
			p.set("Location", s.origin(r)+t.raw+"/")
			return p, true
		}
		return page(`<title>Mirth Connect Client API</title><link rel="stylesheet" href="css/screen.css">` +
			`<div id="swagger-ui"></div><script src="lib/swagger-ui-bundle.js"></script>`), true
	case "css/screen.css":
		return reply{status: http.StatusOK, contentType: "text/css", body: []byte("body { margin: 0 }\n")}, true
	case "lib/swagger-ui-bundle.js":
		return reply{status: http.StatusOK, contentType: "application/javascript", body: []byte("fetch('openapi.json')\n")}, true
	default:
		return reply{}, false
	}
}

// launch serves below /webstart.
func (s *Server) launch(r *http.Request, path string) (reply, bool) {
	name, isLib := strings.CutPrefix(path, "/webstart/client-lib/")
	extension, isExtension := strings.CutPrefix(path, "/webstart/extensions/libs/")
	switch {
	case path == "/webstart.jnlp" || path == "/webstart":
		return launcherFile("webstart.jnlp", s.launcher(r)), true
	case path == "/webstart/extensions/dashboardstatus.jnlp":
		return launcherFile("dashboardstatus.jnlp", dashboardExtension), true
	case isLib && strings.HasSuffix(name, ".jar") && !strings.Contains(name, "/"):
		return jar(name), true
	case isExtension && strings.HasSuffix(extension, ".jar"):
		return jar(extension), true
	default:
		return reply{}, false
	}
}

func launcherFile(name, body string) reply {
	p := reply{status: http.StatusOK, contentType: typeJNLP, body: []byte(body)}
	p.set("Pragma", "no-cache")
	p.set("Content-Disposition", `attachment; filename = "`+name+`"`)
	return p
}

// jar makes up a file of that name, the same each time.
func jar(name string) reply {
	p := reply{status: http.StatusOK, contentType: typeJar, body: jarBytes(name)}
	p.set("Accept-Ranges", "bytes")
	return p
}

func jarBytes(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return append([]byte("PK\x03\x04"), bytes.Repeat(sum[:], jarSize/len(sum))...)
}

// origin is this server, by the name that the client used.
func (s *Server) origin(r *http.Request) string {
	if s.config.Plain {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

// launcher follows the Host header in its codebase; its argument is that
// host with the engine's own port.
func (s *Server) launcher(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	own := s.URL
	if _, port, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimPrefix(s.URL, "https://"), "http://")); err == nil {
		own = "https://" + net.JoinHostPort(host, port)
	}
	var jars strings.Builder
	for i, name := range clientJars() {
		first := ""
		if i == 0 {
			first = ` main="true"`
		}
		sum := sha256.Sum256(jarBytes(name))
		fmt.Fprintf(&jars, "        <jar download=\"eager\" href=\"webstart/client-lib/%s\"%s sha256=\"%s\"/>\n",
			name, first, base64.StdEncoding.EncodeToString(sum[:]))
	}
	return fmt.Sprintf(`<jnlp codebase="%[1]s" version="%[2]s">
    <information>
        <title>Mirth Connect Administrator %[2]s</title>
        <vendor>NextGen Healthcare</vendor>
        <homepage href="http://www.nextgen.com"/>
        <description>Open Source Healthcare Integration Engine</description>
        <icon href="images/NG_MC_Icon_128x128.png"/>
        <offline-allowed/>
    </information>
    <security>
        <all-permissions/>
    </security>
    <update check="timeout" policy="always"/>
    <resources>
        <j2se href="http://java.sun.com/products/autodl/j2se" max-heap-size="512m" version="9+"/>
%[3]s        <extension href="webstart/extensions/dashboardstatus.jnlp"/>
    </resources>
    <application-desc main-class="com.mirth.connect.client.ui.Mirth">
        <argument>%[4]s</argument>
        <argument>%[2]s</argument>
    </application-desc>
</jnlp>
`, s.origin(r), s.config.Version, jars.String(), own)
}

const dashboardExtension = `<jnlp>
    <information>
        <title>Mirth Connect Extension - [Dashboard Connector Status Monitor]</title>
        <vendor>NextGen Healthcare</vendor>
    </information>
    <security>
        <all-permissions/>
    </security>
    <resources>
        <jar download="eager" href="libs/dashboardstatus/dashboardstatus-shared.jar" sha256="CQJBxIINpSgPdgzteld7Au+nQERFLH7zEv3m9QyHPyQ="/>
    </resources>
    <component-desc/>
</jnlp>
`
