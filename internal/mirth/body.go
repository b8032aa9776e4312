package mirth

import (
	"mime"
	"strings"
	"unicode/utf8"
)

const (
	// maxBody is the largest body that is looked at (threat T012).
	maxBody = 64 << 10
	// maxDepth is the deepest nesting; the deepest known body, a list of
	// users, has four levels.
	maxDepth = 8
)

// parseBody turns a body into its root node.
func parseBody(body []byte, contentType string) (*node, error) {
	if len(body) > maxBody {
		return nil, ErrBodySize
	}
	f, err := formatOf(contentType)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(body) {
		return nil, ErrBodyCharset
	}
	if f == FormatJSON {
		return readJSON(body)
	}
	return readXML(body)
}

// formatOf reads a Content-Type; its only parameter is charset=utf-8.
func formatOf(contentType string) (Format, error) {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return 0, ErrBodyContentType
	}
	for name, value := range params {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return 0, ErrBodyCharset
		}
	}
	switch mediaType {
	case typeXML:
		return FormatXML, nil
	case typeJSON:
		return FormatJSON, nil
	default:
		return 0, ErrBodyContentType
	}
}
