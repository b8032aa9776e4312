package mirthtest

import (
	"fmt"
	"mime"
	"net/http"
	"sort"
	"strconv"
	"strings"
)

const (
	jerseyServlet  = "org.glassfish.jersey.servlet.ServletContainer-5831f478"
	defaultServlet = "org.eclipse.jetty.servlet.ServletHandler$Default404Servlet-50491c9e"
	launchServlet  = "com.mirth.connect.server.servlets.WebStartServlet-111d02f4"
	noStore        = "must-revalidate,no-cache,no-store"
	needsHeader    = "All requests must have 'X-Requested-With' header"
)

// markup escapes like Jetty.
var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")

// errorPage is Jetty's answer to an error, in the first form that Accept
// names: HTML, JSON, plain text, or nothing at all.
func errorPage(r *http.Request, uri string, status int, message, servlet string) reply {
	p := reply{status: status, header: http.Header{"Date": nil}} // Jetty leaves it out
	if r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodHead {
		return p
	}
	p.set("Cache-Control", noStore)
	title := markup.Replace(message)
	switch errorForm(r.Header.Values("Accept")) {
	case "text/html":
		p.contentType = "text/html;charset=iso-8859-1"
		p.body = fmt.Appendf(nil, `<html>
<head>
<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>
<title>Error %[1]d %[2]s</title>
</head>
<body><h2>HTTP ERROR %[1]d %[2]s</h2>
<table>
<tr><th>URI:</th><td>%[3]s</td></tr>
<tr><th>STATUS:</th><td>%[1]d</td></tr>
<tr><th>MESSAGE:</th><td>%[2]s</td></tr>
<tr><th>SERVLET:</th><td>%[4]s</td></tr>
</table>

</body>
</html>
`, status, title, markup.Replace(uri), servlet)
	case "application/json":
		p.contentType = "application/json"
		p.body = fmt.Appendf(nil, "{\n\"servlet\":%q,\n\"message\":\"%s\",\n\"url\":\"%s\",\n\"status\":\"%d\"\n}",
			servlet, title, markup.Replace(uri), status)
	case "text/plain":
		p.contentType = "text/plain;charset=iso-8859-1"
		p.body = fmt.Appendf(nil, "HTTP ERROR %[1]d %[2]s\nURI: %[3]s\nSTATUS: %[1]d\nMESSAGE: %[4]s\nSERVLET: %[5]s\n",
			status, title, uri, message, servlet)
	}
	return p
}

// errorForm chooses the form of an error page; it knows no XML.
func errorForm(accept []string) string {
	type choice struct {
		form string
		q    float64
	}
	var choices []choice
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		name, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			q, _ = strconv.ParseFloat(text, 64) // a bad one counts as nothing
		}
		choices = append(choices, choice{name, q})
	}
	if len(choices) == 0 {
		return "text/html"
	}
	sort.SliceStable(choices, func(i, j int) bool { return choices[i].q > choices[j].q })
	for _, c := range choices {
		switch c.form {
		case "text/html", "text/*", "*/*":
			return "text/html"
		case "application/json", "text/json":
			return "application/json"
		case "text/plain":
			return "text/plain"
		}
	}
	return ""
}

// untraced is the answer to TRACE.
func untraced() reply {
	return reply{status: http.StatusMethodNotAllowed, header: http.Header{"Date": nil}}
}

// badMessage is Jetty's answer to a target that it does not dispatch.
func badMessage(reason string) reply {
	body := "<h1>Bad Message 400</h1><pre>reason: " + reason + "</pre>"
	return reply{status: http.StatusBadRequest, raw: fmt.Appendf(nil,
		"HTTP/1.1 400 %s\r\nContent-Type: text/html;charset=iso-8859-1\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		reason, len(body), body)}
}

// stackTrace is what escapes of a servlet that failed.
func stackTrace(r *http.Request, uri string) reply {
	p := errorPage(r, uri, http.StatusInternalServerError, "java.lang.NullPointerException", jerseyServlet)
	p.noLength = true
	if len(p.body) > 0 {
		trace := `<h3>Caused by:</h3><pre>java.lang.NullPointerException
	at com.mirth.connect.server.api.servlets.UserServlet.login(UserServlet.java:94)
	at com.mirth.connect.server.controllers.DefaultUserController.authorizeUser(DefaultUserController.java:309)
	at org.glassfish.jersey.servlet.ServletContainer.service(ServletContainer.java:341)
	at org.eclipse.jetty.server.handler.HandlerCollection.handle(HandlerCollection.java:146)
</pre>
`
		p.body = []byte(strings.Replace(string(p.body), "\n</body>", trace+"\n</body>", 1))
	}
	return p
}
