package apiclient_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/internal/apiclient"
	"mfaserver/internal/secret"
)

const (
	here    = "https://mirth.example.org:8443"
	foreign = "# Netscape HTTP Cookie File\n# a comment\n\nother.example\tTRUE\t/\tFALSE\t0\tJSESSIONID\tforeign\n" +
		"#HttpOnly_mirth.example.org\tFALSE\t/\tTRUE\t0\tother\tkept\nmirth.example.org\tFALSE\t/elsewhere\tTRUE\t0\tJSESSIONID\tkept-too\n"
)

func jarFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jar")
	if content == "" {
		return path
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func cookieOf(value string) apiclient.Cookie {
	return apiclient.Cookie{Name: "JSESSIONID", Value: secret.New(value), Path: "/api", HTTPOnly: true}
}

func read(t *testing.T, path string) *apiclient.Jar {
	t.Helper()
	jar, err := apiclient.ReadJar(path)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

// A jar keeps the cookies of others, has one session for a host, and is for
// its owner alone.
func TestJar(t *testing.T) {
	t.Parallel()
	path := jarFile(t, foreign)
	jar := read(t, path)
	if !jar.Session(here).IsZero() {
		t.Errorf("a foreign session: %s", jar.Session(here).Reveal())
	}
	for _, value := range []string{"first", "second"} {
		jar = read(t, path)
		jar.Put(here, cookieOf(value))
		if err := errors.Join(jar.Writable(), jar.Write()); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := foreign + "#HttpOnly_mirth.example.org\tFALSE\t/api\tTRUE\t0\tJSESSIONID\tsecond\n"; string(data) != want {
		t.Errorf("the jar is\n%swant\n%s", data, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v, want 0600", info.Mode(), err)
	}
	jar = read(t, path)
	if got := jar.Session("https://MIRTH.example.org"); got.Reveal() != "second" {
		t.Errorf("Session() = %s", got.Reveal())
	}
	jar.Remove(here)
	if err := jar.Write(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != foreign {
		t.Errorf("the jar is\n%swant\n%s", data, foreign)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestNewJar(t *testing.T) {
	t.Parallel()
	path := jarFile(t, "")
	jar := read(t, path)
	jar.Put("https://[::1]:8443", apiclient.Cookie{Name: "JSESSIONID", Value: secret.New("x"), Path: "/api"})
	if err := jar.Write(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if want := "# Netscape HTTP Cookie File\n\n::1\tFALSE\t/api\tTRUE\t0\tJSESSIONID\tx\n"; err != nil || string(data) != want {
		t.Errorf("the jar is %q, %v, want %q", data, err, want)
	}
}

// A file that is no jar is not overwritten by one, and a link stays a link.
func TestJarRefuses(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"a script": "#!/bin/sh\nrm -rf x\n", "few fields": "a\tb\tc\n", "too long": strings.Repeat("#\n", 1<<20), "binary": "\x7fELF\x00\x01",
	} {
		if _, err := apiclient.ReadJar(jarFile(t, content)); !errors.Is(err, apiclient.ErrJar) {
			t.Errorf("%s: ReadJar() = %v, want ErrJar", name, err)
		}
	}
	if _, err := apiclient.ReadJar(t.TempDir()); !errors.Is(err, apiclient.ErrJar) {
		t.Errorf("a folder: %v, want ErrJar", err)
	}
	lost := read(t, filepath.Join(t.TempDir(), "no", "such", "jar"))
	if err := lost.Writable(); !errors.Is(err, apiclient.ErrJar) {
		t.Errorf("Writable() = %v, want ErrJar", err)
	}
	if err := lost.Write(); !errors.Is(err, apiclient.ErrJar) {
		t.Errorf("Write() = %v, want ErrJar", err)
	}
	target := jarFile(t, foreign)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	jar := read(t, link)
	jar.Put(here, cookieOf("through-the-link"))
	if err := jar.Write(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if got := read(t, target).Session(here); got.Reveal() != "through-the-link" {
		t.Errorf("the link's target has %q", got.Reveal())
	}
}

func FuzzReadJar(f *testing.F) {
	f.Add(foreign)
	f.Add("a\tb\tc\td\te\tf\tg")
	f.Add("#HttpOnly_#HttpOnly_x\tFALSE\t/api\tTRUE\t0\tJSESSIONID\tx\r\n")
	f.Fuzz(func(t *testing.T, content string) {
		path := filepath.Join(t.TempDir(), "jar")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		jar, err := apiclient.ReadJar(path)
		if err != nil {
			return
		}
		jar.Put(here, cookieOf("mine"))
		if err := jar.Write(); err != nil {
			t.Fatal(err)
		}
		again, err := apiclient.ReadJar(path)
		if err != nil || again.Session(here).Reveal() != "mine" {
			t.Errorf("after %q the session is %q, %v", content, again.Session(here).Reveal(), err)
		}
	})
}
