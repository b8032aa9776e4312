package duotest

import (
	"net"
	"net/http"
	"slices"
	"strings"
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

// authContext is the claim auth_context, complete as the Admin API's log entry
// is. u may be nil: a user that Duo does not know. The caller holds the mutex.
func (s *Server) authContext(x *exchange, p *prompt, u *user, v verdict) object {
	place := object{{"city", "Ann Arbor"}, {"state", "Michigan"}, {"country", "United States"}}
	nowhere := object{{"city", nil}, {"state", nil}, {"country", nil}}
	device := object{{"ip", nil}, {"name", v.deviceName}, {"location", nowhere}}
	if v.deviceName == "" {
		device = device.with("name", nil)
	}
	if v.device != nil {
		device = object{{"ip", v.device.IP}, {"name", v.device.deviceName()}, {"location", place}}
	}
	key, name, email, groups := "", p.request.username, "", []string{}
	if u != nil {
		key, name, email, groups = u.id, u.name, u.email, append(groups, slices.Clone(u.groups)...)
	}
	return object{
		{"txid", p.txid},
		{"timestamp", x.now.Unix()},
		{"isotimestamp", x.now.UTC().Format("2006-01-02T15:04:05.000000+00:00")},
		{"event_type", v.event},
		{"factor", v.factor},
		{"reason", v.reason},
		{"result", "success"},
		{"alias", ""},
		{"email", email},
		{"ood_software", nil},
		{"trusted_endpoint_status", "unknown"},
		{"user", object{{"key", key}, {"name", name}, {"groups", groups}}},
		{"application", object{{"key", p.request.client}, {"name", p.request.application}}},
		{"auth_device", device},
		{"access_device", p.access.object(place)},
	}
}

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
