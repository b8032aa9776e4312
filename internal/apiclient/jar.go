package apiclient

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mfaserver/internal/secret"
)

const (
	jarTitle = "# Netscape HTTP Cookie File"
	httpOnly = "#HttpOnly_"
	maxJar   = 1 << 20
)

// Jar is a file of cookies as curl reads and writes it (the format of
// Netscape). Cookies of others in it stay as they are. The format knows no
// ports: a host has one session in it.
type Jar struct {
	path  string
	lines []string
}

// ReadJar reads the jar at path; one that is not there is empty. What is no jar
// is refused, so that no other file is overwritten by mistake: [ErrJar].
func ReadJar(path string) (*Jar, error) {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Jar{path: path}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJar, err)
	}
	j := &Jar{path: target}
	info, err := os.Stat(target)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJar, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no file", ErrJar, path)
	}
	f, err := os.Open(target)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJar, err)
	}
	defer func() { _ = f.Close() }() // opened for reading
	data, err := io.ReadAll(io.LimitReader(f, maxJar+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrJar, err)
	}
	if j.lines, err = jarLines(string(data)); err != nil {
		return nil, fmt.Errorf("%w: %s", err, path)
	}
	return j, nil
}

// jarLines cuts a jar into its lines: cookies, comments and blank ones.
func jarLines(data string) ([]string, error) {
	if len(data) > maxJar {
		return nil, fmt.Errorf("%w: too long", ErrJar)
	}
	var lines []string
	for line := range strings.Lines(data) {
		line = strings.TrimRight(line, "\r\n")
		if _, ok := parseJarLine(line); !ok && strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			return nil, fmt.Errorf("%w: not a file of cookies", ErrJar)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// jarCookie is a line of a jar: domain, whether sub-domains are meant, path,
// whether https only, expiry, name, value.
type jarCookie struct{ domain, path, name, value string }

func parseJarLine(line string) (jarCookie, bool) {
	line = strings.TrimPrefix(line, httpOnly)
	fields := strings.Split(line, "\t")
	if strings.HasPrefix(line, "#") || len(fields) != 7 {
		return jarCookie{}, false
	}
	return jarCookie{domain: strings.ToLower(strings.TrimPrefix(fields[0], ".")), path: fields[2], name: fields[5], value: fields[6]}, true
}

// host is what curl calls the host of a URL in a jar.
func host(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// isSession reports whether a line is the session of a host.
func isSession(line, host string) bool {
	c, ok := parseJarLine(line)
	return ok && host != "" && c.domain == host && c.name == sessionCookie && (c.path == "/" || strings.HasPrefix(c.path, "/api"))
}

// Session is the session at a server; zero: there is none.
func (j *Jar) Session(server string) secret.Secret {
	for _, line := range j.lines {
		if c, _ := parseJarLine(line); isSession(line, host(server)) {
			return secret.New(c.value)
		}
	}
	return secret.Secret{}
}

// Put replaces the session at a server.
func (j *Jar) Put(server string, c Cookie) {
	j.Remove(server)
	if len(j.lines) == 0 {
		j.lines = []string{jarTitle, ""}
	}
	line := strings.Join([]string{host(server), "FALSE", c.Path, "TRUE", "0", c.Name, c.Value.Reveal()}, "\t")
	if c.HTTPOnly {
		line = httpOnly + line
	}
	j.lines = append(j.lines, line)
}

// Remove takes the session at a server out.
func (j *Jar) Remove(server string) {
	j.lines = slices.DeleteFunc(j.lines, func(line string) bool { return isSession(line, host(server)) })
}

// Write replaces the file as a whole; it is for its owner alone (0600).
func (j *Jar) Write() error {
	data := strings.Join(j.lines, "\n") + "\n"
	f, err := os.CreateTemp(filepath.Dir(j.path), ".jar-*")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJar, err)
	}
	_, err = f.WriteString(data)
	err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), j.path)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJar, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// Writable reports whether the jar could be written, before there is a session
// that would be lost with it.
func (j *Jar) Writable() error {
	f, err := os.CreateTemp(filepath.Dir(j.path), ".jar-*")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrJar, err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return fmt.Errorf("%w: %w", ErrJar, err)
	}
	return nil
}
