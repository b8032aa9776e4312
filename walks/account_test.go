package walks_test

import (
	"net/http"
	"strings"
	"testing"
)

// accountWalks are those of somebody who is signed in at the portal.
func accountWalks() []walk {
	var walks []walk
	walks = append(walks, each("account/pages", everyPage)...)
	walks = append(walks, each("account/add-device", addDevice)...)
	walks = append(walks, each("account/sessions", endSessions)...)
	return append(walks, each("account/code", func(t *testing.T, _ *house, v *visitor) {
		// A code for somebody who is signed in already.
		name := v.either("rosa.rossi", "elif.okoro")
		v.signIn(name)
		v.Visit(v.d.server + "/mfa/code")
		v.audit("portal-code-form")
		v.press("#get-code")
		v.approve()
		v.Wait("#code")
		if status, body := v.d.login(t, name, v.Value("#code")); status != http.StatusOK {
			t.Errorf("login with the code = %d %s", status, body)
		}
	})...)
}

// everyPage looks at what the portal has for somebody.
func everyPage(t *testing.T, _ *house, v *visitor) {
	v.signIn(v.either("leon.lindt", "femi.park"))
	for _, p := range []struct{ path, name string }{
		{"/mfa/sessions", "portal-sessions"},
		{"/mfa/devices", "portal-devices"},
		{"/mfa/clients", "portal-clients"},
		{"/mfa/clients/curl", "portal-client-curl"},
		{"/mfa/clients/administrator", "portal-client-administrator"},
		{"/mfa/clients/python", "portal-client-python"},
		{"/mfa/nowhere", "portal-nowhere"},
	} {
		status := v.Visit(v.d.server + p.path)
		if want := p.path == "/mfa/nowhere"; (status == http.StatusNotFound) != want {
			t.Errorf("%s = %d", p.path, status)
		}
		v.audit(p.name)
	}
}

// addDevice adds a device with the code on the screen, which its phone opens.
func addDevice(t *testing.T, h *house, v *visitor) {
	name := v.either("noor.novak", "oscar.okoro")
	owner := h.visitor(t, v.d)
	owner.signIn(name)
	v.signIn(name)
	v.Visit(v.d.server + "/mfa/devices")
	v.Follow("#add-device")
	v.audit("portal-device-add")
	v.Type("#device-name", "The new telephone")
	v.Follow("#show-code")
	v.Wait("#device-waiting")
	v.audit("portal-device-new")
	phone := h.visitor(t, v.d)
	phone.Visit(v.Value("#device-link"))
	phone.audit("activate")
	phone.Follow("#activate")
	phone.audit("activated")
	v.Wait("#device-done") // the page asks again by itself, with a script or without
	v.audit("portal-device-done")
	owner.Visit(v.d.server + "/mfa/")
	if told := owner.Text("#devices-added"); !strings.Contains(told, "The new telephone") {
		t.Errorf("the other browser says %q of the new device", told)
	}
	owner.audit("portal-device-added")
	v.Follow("#to-devices")
	if list := v.Text("#devices"); !strings.Contains(list, "The new telephone") {
		t.Errorf("devices: %s", list)
	}
}

// endSessions signs a person out of another browser, and then out of all
// others.
func endSessions(t *testing.T, h *house, v *visitor) {
	name := v.either("quinn.quist", "yuki.young")
	other, third := h.visitor(t, v.d), h.visitor(t, v.d)
	other.signIn(name)
	v.signIn(name)
	v.Visit(v.d.server + "/mfa/sessions")
	v.Follow(`#sessions button[id^="end-"]`)
	v.Wait("#notice")
	v.audit("portal-session-ended")
	v.Wait("#no-others")
	other.signedOut()
	other.signIn(name)
	third.signIn(name)
	v.Visit(v.d.server + "/mfa/sessions")
	v.Follow("#end-others")
	v.Wait("#no-others")
	other.signedOut()
	third.signedOut()
	v.Visit(v.d.server + "/mfa/")
	v.Wait("#sign-out") // still in
}

// signedOut finds the form in place of the account.
func (v *visitor) signedOut() {
	v.t.Helper()
	v.Visit(v.d.server + "/mfa/")
	v.Wait("#sign-in")
}
