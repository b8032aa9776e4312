package duotest

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// accessDevice is the browser at the prompt, as far as its request tells.
type accessDevice struct {
	ip, browser, version, os string
}

// accessDeviceOf reads the address and the User-Agent. Order matters: every
// browser also claims to be its ancestors.
func accessDeviceOf(r *http.Request) accessDevice {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	agent := r.UserAgent()
	d := accessDevice{ip: host, browser: "Unknown", os: "Unknown"}
	for _, b := range [][2]string{
		{"Edg/", "Edge Chromium"},
		{"HeadlessChrome/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Firefox/", "Firefox"},
		{"Version/", "Safari"},
		{"curl/", "curl"},
	} {
		if _, rest, ok := strings.Cut(agent, b[0]); ok {
			d.browser = b[1]
			d.version, _, _ = strings.Cut(rest, " ")
			break
		}
	}
	for _, o := range [][2]string{
		{"Android", "Android"},
		{"iPhone", "iOS"},
		{"iPad", "iOS"},
		{"Windows", "Windows"},
		{"Mac OS X", "Mac OS X"},
		{"Linux", "Linux"},
	} {
		if strings.Contains(agent, o[0]) {
			d.os = o[1]
			break
		}
	}
	return d
}

// login is one try to prove who somebody is: an entry of the authentication
// log, and the claim auth_context of those that went well.
type login struct {
	txid             string
	at               time.Time
	key, application string // of the integration
	username, alias  string
	user             *user // nil: one that Duo does not know
	groups           []string
	access           accessDevice
	verdict          verdict
	result           string // success, denied or fraud
}

// record writes an entry of the authentication log. The caller holds the
// mutex.
func (a *account) record(e login) *login {
	if e.user = a.find(e.username); e.user != nil {
		e.groups = a.groupNames(e.user)
		if !strings.EqualFold(e.user.name, e.username) {
			e.alias = e.username
		}
	}
	a.logins.add(&e)
	return &e
}

// context is the claim auth_context.
func (e *login) context() object {
	nowhere := object{{"city", nil}, {"state", nil}, {"country", nil}}
	device := object{{"ip", nil}, {"name", nil}, {"location", nowhere}}
	if e.verdict.deviceName != "" {
		device = device.with("name", e.verdict.deviceName)
	}
	if d := e.verdict.device; d != nil {
		device = object{{"ip", d.IP}, {"name", d.deviceName()}, {"location", annArbor()}}
	}
	key, name, email := "", e.username, ""
	if e.user != nil {
		key, name, email = e.user.id, e.user.name, e.user.email
	}
	return object{
		{"txid", e.txid},
		{"timestamp", e.at.Unix()},
		{"isotimestamp", isoTime(e.at)},
		{"event_type", e.verdict.event},
		{"factor", textOrNull(e.verdict.factor)},
		{"reason", e.verdict.reason},
		{"result", e.result},
		{"alias", e.alias},
		{"email", email},
		{"ood_software", nil},
		{"trusted_endpoint_status", "unknown"},
		{"user", object{{"key", key}, {"name", name}, {"groups", append([]string{}, e.groups...)}}},
		{"application", object{{"key", e.key}, {"name", e.application}}},
		{"auth_device", device},
		{"access_device", e.access.object(annArbor())},
	}
}

// entry is the same for the log, which also has the device's key.
func (e *login) entry() object {
	out := e.context()
	if e.verdict.device != nil {
		out = out.with("auth_device.key", e.verdict.device.ID)
	}
	return out
}

// annArbor is where every request and phone of the simulator is.
func annArbor() object {
	return object{{"city", "Ann Arbor"}, {"state", "Michigan"}, {"country", "United States"}}
}

func isoTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000+00:00") }

func (d accessDevice) object(place object) object {
	return object{
		{"browser", d.browser},
		{"browser_version", d.version},
		{"flash_version", "uninstalled"},
		{"java_version", "uninstalled"},
		{"hostname", nil},
		{"epkey", nil},
		{"ip", d.ip},
		{"is_encryption_enabled", "unknown"},
		{"is_firewall_enabled", "unknown"},
		{"is_password_set", "unknown"},
		{"location", place},
		{"os", d.os},
		{"os_version", "Unknown"},
		{"security_agents", "unknown"},
	}
}
