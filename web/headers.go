package web

import "net/http"

// setSecurityHeaders sets what every answer carries (threats T032, T050).
// There is never an Access-Control header: no other origin may read an answer.
func setSecurityHeaders(h http.Header) {
	// One array for all values, as this is done for every request.
	values := [...]string{"frame-ancestors 'none'", "DENY", "nosniff", "max-age=31536000", "no-store", "no-cache", "no-referrer"}
	h["Content-Security-Policy"] = values[0:1:1]
	h["X-Frame-Options"] = values[1:2:2]
	h["X-Content-Type-Options"] = values[2:3:3]
	h["Strict-Transport-Security"] = values[3:4:4]
	h["Cache-Control"] = values[4:5:5]
	h["Pragma"] = values[5:6:6]
	h["Referrer-Policy"] = values[6:7:7]
}
