package duoclient

import (
	"bytes"
	"crypto/x509"
	_ "embed" // the bundle of roots
	"encoding/pem"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// duoRoots are the fifteen roots that Duo's own clients have pinned since 2025
// (ca_bundle/1.0).
//
//go:embed roots/duo.pem
var duoRoots []byte

// CA says which certificate authorities may vouch for Duo. The zero value is
// the embedded bundle of Duo's roots.
type CA struct {
	pool  *x509.CertPool
	roots []*x509.Certificate
}

// Root is one trusted root certificate.
type Root struct {
	Name     string
	NotAfter time.Time
}

// CASystem trusts what the operating system trusts: weaker than the zero
// value, for networks whose proxy breaks TLS open on purpose.
func CASystem() (CA, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return CA{}, fmt.Errorf("%w: system certificate pool: %w", ErrConfig, err)
	}
	return CA{pool: pool}, nil
}

// modesTell: the mode of a file says who may use it. On Windows package os makes
// the modes up, and the file's access list has to do.
const modesTell = runtime.GOOS != "windows"

// CAFile trusts the certificates of a PEM file alone. The file must not be
// writable by group or others: who can write it can play Duo.
func CAFile(path string) (CA, error) {
	info, err := os.Stat(path)
	if err != nil {
		return CA{}, fmt.Errorf("%w: CA file: %w", ErrConfig, err)
	}
	if modesTell && info.Mode().Perm()&0o022 != 0 {
		return CA{}, fmt.Errorf("%w: CA file %s is writable by group or others (mode %04o)", ErrConfig, path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path) //nolint:gosec // the administrator names the file
	if err != nil {
		return CA{}, fmt.Errorf("%w: CA file: %w", ErrConfig, err)
	}
	ca, err := CAPEM(data)
	if err != nil {
		return CA{}, fmt.Errorf("CA file %s: %w", path, err)
	}
	return ca, nil
}

// CAPEM trusts the certificates in data alone: one or more PEM blocks of type
// CERTIFICATE, and no other block.
func CAPEM(data []byte) (CA, error) {
	roots, err := parseRoots(data)
	if err != nil {
		return CA{}, err
	}
	pool := x509.NewCertPool()
	for _, cert := range roots {
		pool.AddCert(cert)
	}
	return CA{pool: pool, roots: roots}, nil
}

// IsZero reports whether this is the zero value, Duo's own roots.
func (c CA) IsZero() bool { return c.pool == nil }

// Roots lists the trusted roots, the one that expires first in front; none for
// [CASystem], whose roots cannot be listed.
func (c CA) Roots() ([]Root, error) {
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	out := make([]Root, 0, len(c.roots))
	for _, cert := range c.roots {
		out = append(out, Root{Name: cert.Subject.CommonName, NotAfter: cert.NotAfter})
	}
	slices.SortStableFunc(out, func(a, b Root) int { return a.NotAfter.Compare(b.NotAfter) })
	return out, nil
}

// RootsExpiry lists the roots of c that have expired by the time at, or will
// within the span given, the earliest in front. An operator has until then to
// bring a newer bundle (ca: file).
func RootsExpiry(c CA, at time.Time, within time.Duration) ([]Root, error) {
	roots, err := c.Roots()
	if err != nil {
		return nil, err
	}
	limit := at.Add(within)
	return slices.DeleteFunc(roots, func(r Root) bool { return r.NotAfter.After(limit) }), nil
}

// resolve replaces the zero value by the embedded bundle.
func (c CA) resolve() (CA, error) {
	if !c.IsZero() {
		return c, nil
	}
	return CAPEM(duoRoots)
}

func parseRoots(data []byte) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w: PEM block %q among the CA certificates", ErrConfig, foreignText(block.Type, nil))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: CA certificate %d: %w", ErrConfig, len(roots)+1, err)
		}
		roots = append(roots, cert)
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("%w: no CA certificate found", ErrConfig)
	}
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return nil, fmt.Errorf("%w: broken PEM after CA certificate %d", ErrConfig, len(roots))
	}
	return roots, nil
}
