package duotest

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"rsc.io/qr"
)

// quietZone is the white border that a QR code needs, in modules (ISO/IEC
// 18004).
const quietZone = 4

// qrOf draws a QR code as inline SVG, black on white in both colour schemes;
// nothing when the text is too long for one.
func (s *Server) qrOf(text string) template.HTML {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return ""
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			start := x
			for code.Black(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", start+quietZone, y+quietZone, x-start, x-start)
			}
		}
	}
	side := code.Size + 2*quietZone
	label := template.HTMLEscapeString(say(s.pages.words.QR, "link", text))
	return template.HTML(fmt.Sprintf(`<svg class="qr" id="qr" role="img" aria-label="%s" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<rect width="%d" height="%d" fill="#fff"/><path d="%s" fill="#000"/></svg>`, label, side, side, side, side, path.String()))
}

// qrCode is the picture that activation_barcode leads to.
func (s *Server) qrCode(x *exchange, _ string) {
	code, err := qr.Encode(x.form.Get("value"), qr.M)
	if err != nil {
		s.tell(x, http.StatusBadRequest, noticeCode())
		return
	}
	x.status, x.body = http.StatusOK, code.PNG()
	x.header.Set("Content-Type", "image/png")
	x.header.Set("Cache-Control", "no-store")
}
