package mirthtest

import (
	"io"
	"maps"
	"net/http"
	"strconv"

	"mfaserver/internal/mirth"
)

// reply is an answer before it is written, so that faults can have their way
// with it.
type reply struct {
	status      int
	header      http.Header
	contentType string
	body        []byte
	// stream writes a body that is too long to hold; length is -1 when it is
	// not known.
	stream func(io.Writer) error
	length int64
	// raw is the whole answer; the connection ends after it.
	raw []byte
	// noLength leaves out Content-Length and closes the connection.
	noLength bool
	// user is who the request was for; session and target are its own.
	user    string
	session string
	target  target
}

func empty(status int) reply { return reply{status: status} }

func plain(text string) reply {
	return reply{status: http.StatusOK, contentType: "text/plain", body: []byte(text)}
}

// value encodes v in the format that was asked for.
func value(status int, f mirth.Format, v mirth.Encoder) reply {
	body, err := mirth.Encode(f, v)
	if err != nil {
		return reply{status: http.StatusInternalServerError, body: []byte(err.Error()), contentType: "text/plain"}
	}
	return reply{status: status, contentType: f.ContentType(), body: body}
}

func (p *reply) set(name, text string) {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, text)
}

// size is the length of the body, -1 when it is not known.
func (p *reply) size() int64 {
	if p.stream != nil {
		return p.length
	}
	return int64(len(p.body))
}

// prepare moves the header into w; nothing is written yet.
func (p *reply) prepare(w http.ResponseWriter) {
	h := w.Header()
	maps.Copy(h, p.header)
	h["Content-Type"] = nil // net/http must not guess
	if p.contentType != "" {
		h.Set("Content-Type", p.contentType)
	}
	switch n := p.size(); {
	case p.noLength:
		h.Set("Connection", "close")
		h.Set("Transfer-Encoding", "identity")
	case p.status == http.StatusNoContent:
	case n >= 0:
		h.Set("Content-Length", strconv.FormatInt(n, 10))
	}
}

// writeBody writes what prepare has announced.
func (p *reply) writeBody(w io.Writer) error {
	if p.stream != nil {
		return p.stream(w)
	}
	_, err := w.Write(p.body)
	return err //nolint:wrapcheck // the client is gone
}
