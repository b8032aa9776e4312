package siege_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mfaserver/internal/mirth"
)

// bareOrder is what the bare server is told: the files of the server's own
// certificate.
type bareOrder struct{ CertFile, KeyFile string }

// serveBare is the role of the server that the program is compared with: a bare
// net/http handler that reads the form and refuses, in the same words.
func serveBare() error {
	var o bareOrder
	if err := told(&o); err != nil {
		return err
	}
	cert, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: http.HandlerFunc(bare), ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	if err := say(listener.Addr().String()); err != nil {
		return err
	}
	return untilClosed()
}

func bare(w http.ResponseWriter, r *http.Request) {
	form, err := io.ReadAll(r.Body)
	if err != nil || !strings.Contains(string(form), "password=") {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	body, err := mirth.Encode(mirth.FormatXML, mirth.LoginStatus{Status: mirth.StatusFailLockedOut, Message: "Too many attempts. Wait a little and try again."})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", mirth.FormatXML.ContentType())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write(body)
}
