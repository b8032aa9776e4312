package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// wordlessError stands for an error that may quote what the engine sent, which
// may be about a patient (threat T193).
type wordlessError struct{ err error }

func (wordlessError) Error() string   { return "gateway: the engine's answer cannot be read" }
func (w wordlessError) Unwrap() error { return w.err }

// wordless lets errors of the road itself through and hides the words of all
// others: those of net/http quote the lines that they do not understand.
func wordless(err error) error {
	if err == nil {
		return nil
	}
	_, network := errors.AsType[net.Error](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	if network || certificate || errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return wordlessError{err}
}
