package duotest

import (
	"net/http"
	"time"
)

func (s *Server) installPage(x *exchange, _ string) { s.tell(x, http.StatusOK, noticeInstall()) }

// activatePage is where an activation link leads: one button activates.
func (s *Server) activatePage(x *exchange, code string) {
	s.mu.Lock()
	act := x.account.activations[code]
	good := act != nil && act.open(x.now) && !act.lost(x.account)
	device, link, done := "", "", false
	if good {
		device, link = act.device(x.account, s.pages.words), act.link(x.account.apiHost)
		if x.r.Method == http.MethodPost {
			done = x.account.complete(code, x.now)
			good = false
		}
	}
	s.mu.Unlock()
	switch {
	case done:
		s.tell(x, http.StatusOK, noticeActivated(device))
	case good:
		s.page(x, http.StatusOK, "activate", pageData{
			Title: s.pages.words.ActivateTitle, Text: device, Link: link, QR: s.qrOf(link),
		}, x.baseURL())
	default:
		s.tell(x, http.StatusGone, noticeLinkUsed())
	}
}

// portalPage is where enroll_portal_url leads: an unknown user adds a phone,
// with a number or by scanning a code.
func (s *Server) portalPage(x *exchange, _ string) {
	code := x.form.Get("code")
	s.mu.Lock()
	open, known := x.account.portals[code]
	known = known && x.now.Before(open.expires)
	if known {
		st, _ := s.preauth(x.account, open.key, open.username)
		known = st == standingEnroll
	}
	link := ""
	if known {
		link = s.portalInvitation(x, code).link(x.account.apiHost)
	}
	s.mu.Unlock()
	if !known {
		s.tell(x, http.StatusGone, noticeLinkOver())
		return
	}
	data := pageData{Title: s.pages.words.PortalTitle, Person: open.username, Code: code, Link: link, QR: s.qrOf(link)}
	if x.r.Method == http.MethodGet {
		s.page(x, http.StatusOK, "portal", data, x.baseURL())
		return
	}
	phone := scannedPhone()
	if !x.form.Has("scan") {
		number, ok := normalNumber(x.form.Get("phone_number"))
		if !ok {
			data.Message, data.Bad = sayNumber, true
			s.page(x, http.StatusBadRequest, "portal", data, x.baseURL())
			return
		}
		phone = Smartphone(number)
	}
	s.mu.Lock()
	_, known = x.account.portals[code]
	delete(x.account.portals, code)
	device := Phone{}
	if known {
		device = s.enrollAt(x.account, open, phone, x.now, accessDeviceOf(x.r))
	}
	s.mu.Unlock()
	if !known { // somebody else was quicker
		s.tell(x, http.StatusGone, noticeLinkOver())
		return
	}
	s.tell(x, http.StatusOK, noticeAdded(device.deviceName()))
}

// portalInvitation is the code to scan of an open portal. The caller holds the
// mutex.
func (s *Server) portalInvitation(x *exchange, code string) *activation {
	open := x.account.portals[code]
	if open.invited == nil {
		a, access := x.account, accessDeviceOf(x.r)
		open.invited = a.offerPhone(open.username, x.now, open.expires, func(now time.Time) bool {
			if st, _ := s.preauth(a, open.key, open.username); st != standingEnroll {
				return false
			}
			delete(a.portals, code)
			s.enrollAt(a, open, scannedPhone(), now, access)
			return true
		})
		a.portals[code] = open
	}
	return open.invited
}

// enrollAt gives the phone to the portal's person and writes that into the log.
// The caller holds the mutex.
func (s *Server) enrollAt(a *account, open portal, phone Phone, now time.Time, access accessDevice) Phone {
	device := s.enroll(a, open.username, phone)
	a.record(login{
		txid: newUUID(), at: now, key: open.key, username: open.username, access: access,
		verdict: verdict{event: "enrollment", factor: "duo_push", reason: "user_approved", device: &device}, result: "success",
	})
	return device
}
