package mirth

import "bytes"

// ParseLoginStatus reads the body of an answer to a login of either format.
// contentType is the answer's header value. The HTTP status is the caller's
// to judge: a status here never proves a login alone.
//
// Refused, each with its own error: more than 64 KiB, a charset other than
// UTF-8, comments, CDATA, DTDs and processing instructions, references inside
// a status, attributes, more than one root, unknown, doubled or missing
// elements, a status the engine does not know.
func ParseLoginStatus(body []byte, contentType string) (AnyLoginStatus, error) {
	n, err := parseBody(body, contentType)
	if err != nil {
		return nil, err
	}
	switch n.name {
	case rootLogin:
		return plainFrom(n, body)
	case rootExtended:
		return extendedFrom(n, body)
	case rootDuo:
		return duoFrom(n, body)
	default:
		return nil, ErrUnknownRoot
	}
}

// reader reads fields until the first error and keeps that.
type reader struct {
	fields map[string]*node
	body   []byte
	typed  bool
	err    error
}

func newReader(n *node, body []byte, known ...string) *reader {
	fields, err := n.fields(known...)
	return &reader{fields: fields, body: body, typed: n.typed, err: err}
}

func (r *reader) str(name string) string {
	if r.err != nil {
		return ""
	}
	var s string
	s, r.err = str(r.fields, name)
	return s
}

// status reads a status. In XML it must stand in the body letter by letter:
// what two XML readers might see differently never becomes a success.
func (r *reader) status(name string) Status {
	if r.err != nil {
		return ""
	}
	var s Status
	s, r.err = status(r.fields, name)
	if r.err == nil && !r.typed &&
		!bytes.Contains(r.body, []byte("<"+name+">"+string(s)+"</"+name+">")) {
		r.err = ErrBodyMarkup
	}
	return s
}

func plainFrom(n *node, body []byte) (AnyLoginStatus, error) {
	r := newReader(n, body, "status", "message", "updatedUsername")
	s := LoginStatus{
		Status: r.status("status"), Message: r.str("message"), UpdatedUsername: r.str("updatedUsername"),
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

func extendedFrom(n *node, body []byte) (AnyLoginStatus, error) {
	r := newReader(n, body, "status", "message", "updatedUsername", "clientPluginClass")
	s := ExtendedLoginStatus{
		Status: r.status("status"), Message: r.str("message"), UpdatedUsername: r.str("updatedUsername"),
		ClientPluginClass: r.str("clientPluginClass"),
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

func duoFrom(n *node, body []byte) (AnyLoginStatus, error) {
	r := newReader(n, body, "status", "message", "updatedUsername", "clientPluginClass",
		"primaryStatus", "apiHostname", "authURL", "redirectUri")
	s := DuoLoginStatus{
		Status: r.status("status"), Message: r.str("message"), UpdatedUsername: r.str("updatedUsername"),
		ClientPluginClass: r.str("clientPluginClass"),
	}
	if r.err == nil && r.fields["primaryStatus"] != nil {
		s.PrimaryStatus = r.status("primaryStatus")
	}
	s.APIHostname, s.AuthURL, s.RedirectURI = r.str("apiHostname"), r.str("authURL"), r.str("redirectUri")
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}
