package config

import (
	"bytes"
	"os"
	"regexp"

	"mfaserver/internal/secret"
)

// secretLength is the length of every secret of Duo (threat T103).
const secretLength = 40

var environmentName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// secret takes a secret of Duo from exactly one of three places: a file, an
// environment variable, or the configuration itself. names are the setting's
// name and its aliases. No fault repeats anything of the secret.
func (s *section) secret(names ...string) secret.Secret {
	got, given := s.secretOf(s.checked, names...)
	if !given {
		s.missing(names[0]+"_file", "put the secret into a file of mode 0600 and name it here")
	}
	return got
}

// secretOf is secret for one whose form check judges; given is false when no
// place is named.
func (s *section) secretOf(check func(string, entry) secret.Secret, names ...string) (got secret.Secret, given bool) {
	variant := func(suffix string) []string {
		out := make([]string, 0, len(names))
		for _, n := range names {
			out = append(out, n+suffix)
		}
		return out
	}
	inline, inlineAt := s.text("", names...)
	file, fileAt := s.text("", variant("_file")...)
	env, envAt := s.text("", variant("_env")...)
	places := 0
	last := entry{line: s.line}
	for _, e := range []entry{inlineAt, fileAt, envAt} {
		if e.value != nil {
			places++
			last = e
		}
	}
	switch {
	case places == 0:
		return secret.Secret{}, false
	case places > 1:
		s.r.fault(last.line, s.at(last.key), "the secret is given in two ways; keep one")
	case file != "":
		got = s.secretFromFile(check, file, fileAt)
	case env != "":
		got = s.secretFromEnv(check, env, envAt)
	case inline != "":
		s.r.inlineSecrets = append(s.r.inlineSecrets, place{inlineAt.line, s.at(inlineAt.key)})
		got = check(inline, inlineAt)
	}
	return got, true
}

// secretFromFile reads a file that only its owner can read (threat T166). One
// line break at the end does not count.
func (s *section) secretFromFile(check func(string, entry) secret.Secret, path string, e entry) secret.Secret {
	path = s.r.resolve(path)
	if text := s.r.privateFile(path); text != "" {
		s.r.fault(e.line, s.at(e.key), "%s", text)
		return secret.Secret{}
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		s.r.fault(e.line, s.at(e.key), "the file %s cannot be read; check its rights", path)
		return secret.Secret{}
	}
	data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	return check(string(data), e)
}

func (s *section) secretFromEnv(check func(string, entry) secret.Secret, name string, e entry) secret.Secret {
	if !environmentName.MatchString(name) {
		s.r.fault(e.line, s.at(e.key), "is not the name of an environment variable; write the name, not the secret")
		return secret.Secret{}
	}
	got, ok := s.r.lookupEnv(name)
	if !ok {
		s.r.fault(e.line, s.at(e.key), "the environment has no such variable; set it or use a file")
		return secret.Secret{}
	}
	if s.r.envUsed == nil {
		s.r.envUsed = make(map[string]secret.Secret)
	}
	s.r.envUsed[name] = secret.New(got)
	return check(got, e)
}

// checked tests the form of a secret.
func (s *section) checked(text string, e entry) secret.Secret {
	if len(text) != secretLength || !alphanumeric(text) {
		s.r.fault(e.line, s.at(e.key), "the secret must be %d letters and digits; it has %d characters", secretLength, len(text))
		return secret.Secret{}
	}
	return secret.New(text)
}
