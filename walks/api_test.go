package walks_test

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// post makes a call of _login.
func (d *demo) post(t *testing.T, client *http.Client, form url.Values, header http.Header) (status int, contentType string, body []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.server+"/api/users/_login", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	r.Header.Set("X-Requested-With", "walks")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // everything was read
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), body
}

// login logs in with one call, with what the portal gave for a password.
func (d *demo) login(t *testing.T, username, password string) (status int, body string) {
	t.Helper()
	status, _, data := d.post(t, d.fresh(t), url.Values{"username": {username}, "password": {password}}, nil)
	return status, string(data)
}
