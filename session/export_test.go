package session

// NewID and CookieID give the tests what they must try far more often than
// through a Manager.
var (
	NewID    = newID
	CookieID = cookieID
)
