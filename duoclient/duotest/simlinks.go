package duotest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
)

func (s *Server) installPage(x *exchange, _ string) {
	s.page(x, http.StatusOK, "message", pageData{
		Title: "Nothing to install", Text: "A virtual phone runs the simulated app already. Open the activation link.",
	})
}

// activatePage is where an activation link leads: one button activates.
func (s *Server) activatePage(x *exchange, code string) {
	s.mu.Lock()
	act := x.account.activations[code]
	good := act != nil && act.open(x.now) && x.account.phones.has(act.phoneID)
	device, done := "", false
	if good {
		device = x.account.phones.get(act.phoneID).deviceName()
		if x.r.Method == http.MethodPost {
			done = x.account.complete(code, x.now)
		}
	}
	s.mu.Unlock()
	switch {
	case done:
		s.page(x, http.StatusOK, "message", pageData{Title: "The phone is activated", Text: device + " takes pushes now."})
	case good:
		s.page(x, http.StatusOK, "activate", pageData{Title: "Activate a phone", Text: device}, x.baseURL())
	default:
		s.page(x, http.StatusGone, "message", pageData{
			Title: "This link is over", Text: "It was used already, or replaced by a newer one, or it is too old.",
		})
	}
}

// portalPage is where enroll_portal_url leads: an unknown user adds a phone.
func (s *Server) portalPage(x *exchange, _ string) {
	s.mu.Lock()
	open, known := x.account.portals[x.form.Get("code")]
	known = known && x.now.Before(open.expires)
	if known {
		st, _ := s.preauth(x.account, open.key, open.username)
		known = st == standingEnroll
	}
	s.mu.Unlock()
	if !known {
		s.page(x, http.StatusGone, "message", pageData{Title: "This link is over", Text: "Start again from the application."})
		return
	}
	data := pageData{Title: "Add a phone", Person: open.username, Code: x.form.Get("code")}
	if x.r.Method == http.MethodGet {
		s.page(x, http.StatusOK, "portal", data, x.baseURL())
		return
	}
	number, ok := normalNumber(x.form.Get("phone_number"))
	if !ok {
		data.Message, data.Bad = "That is not a telephone number. Write it like +1 734 555 0100.", true
		s.page(x, http.StatusBadRequest, "portal", data, x.baseURL())
		return
	}
	s.mu.Lock()
	device := s.enroll(x.account, open.username, Smartphone(number))
	delete(x.account.portals, x.form.Get("code"))
	x.account.record(login{
		txid: newUUID(), at: x.now, key: open.key, username: open.username, access: accessDeviceOf(x.r),
		verdict: verdict{event: "enrollment", factor: "duo_push", reason: "user_approved", device: &device}, result: "success",
	})
	s.mu.Unlock()
	s.page(x, http.StatusOK, "message", pageData{Title: "The phone is added", Text: device.deviceName() + " takes pushes now."})
}

// qrCode is the canvas behind activation_barcode. It is no code that a camera
// reads: the activation link is there for people.
func (s *Server) qrCode(x *exchange, _ string) {
	const side = 21
	canvas := image.NewGray(image.Rect(0, 0, side, side))
	value := x.form.Get("value")
	for i := range side * side {
		if len(value) == 0 || value[i%len(value)]>>(i/len(value)%8)&1 == 0 {
			canvas.SetGray(i%side, i/side, color.Gray{Y: 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, canvas); err != nil {
		s.page(x, http.StatusInternalServerError, "message", pageData{Title: "No canvas"})
		return
	}
	x.status, x.body = http.StatusOK, out.Bytes()
	x.header.Set("Content-Type", "image/png")
}
