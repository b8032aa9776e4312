package mirthtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// Echo is what GET, POST, PUT and DELETE /api/echo answer: the request as it
// arrived, in JSON.
type Echo struct {
	User   string      `json:"user"`
	Method string      `json:"method"`
	Target string      `json:"target"`
	Proto  string      `json:"proto"`
	Host   string      `json:"host"`
	Header http.Header `json:"header"`
	// Size and SHA256 are those of the whole body, however long.
	Size             int64    `json:"size"`
	SHA256           string   `json:"sha256"`
	TransferEncoding []string `json:"transfer_encoding,omitempty"`
	Remote           string   `json:"remote"`
}

// blockSize is how much of a body is in memory at a time.
const blockSize = 32 << 10

// echo answers below /api/echo: what arrived, whose session it is, as many
// bytes as asked for, or the body itself while it still comes in.
func (s *Server) echo(c *call) reply {
	switch c.op.id {
	case "echoUser":
		return plain(c.user)
	case "echoBytes":
		n, err := strconv.ParseInt(c.op.params["size"], 10, 64)
		if err != nil || n < 0 {
			return s.failure(c.Request, c.target, http.StatusBadRequest, "")
		}
		return reply{
			status: http.StatusOK, contentType: "application/octet-stream", length: n,
			stream: func(w io.Writer) error { return pattern(w, n) },
		}
	case "echoBody":
		return reply{
			status: http.StatusOK, contentType: "application/octet-stream", length: c.ContentLength,
			stream: func(w io.Writer) error { return relay(w, c.Body) },
		}
	}
	hash := sha256.New()
	size, err := io.Copy(hash, c.Body)
	if err != nil {
		return s.failure(c.Request, c.target, http.StatusBadRequest, "")
	}
	body, err := json.Marshal(Echo{
		User: c.user, Method: c.Method, Target: c.RequestURI, Proto: c.Proto, Host: c.Host, Header: c.Header,
		Size: size, SHA256: hex.EncodeToString(hash.Sum(nil)),
		TransferEncoding: c.TransferEncoding, Remote: c.RemoteAddr,
	})
	if err != nil {
		return s.failure(c.Request, c.target, http.StatusInternalServerError, "")
	}
	return reply{status: http.StatusOK, contentType: "application/json", body: body}
}

// pattern writes n bytes: the letters a to z, over and over.
func pattern(w io.Writer, n int64) error {
	block := make([]byte, blockSize/26*26)
	for i := range block {
		block[i] = byte('a' + i%26)
	}
	for n > 0 {
		part := block[:min(n, int64(len(block)))]
		if _, err := w.Write(part); err != nil {
			return err //nolint:wrapcheck // the client is gone
		}
		n -= int64(len(part))
	}
	return nil
}

// relay passes a body on while it comes.
func relay(w io.Writer, body io.Reader) error {
	block := make([]byte, blockSize)
	for {
		n, err := body.Read(block)
		if n > 0 {
			if _, err := w.Write(block[:n]); err != nil {
				return err //nolint:wrapcheck // the client is gone
			}
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err //nolint:wrapcheck // the client is gone
		}
	}
}
