package browser_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"mfaserver/web/browser"
)

// Threats T023, T024, T025, T181: a form has one type, one reading and a size;
// everything else is refused with the status that says why.
func TestReadForm(t *testing.T) {
	t.Parallel()
	const formType = "application/x-www-form-urlencoded"
	typed := func(values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header["Content-Type"] = values }
	}
	from := func(body io.Reader, length int64) func(*http.Request) {
		return func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(body), length }
	}
	untouched := iotest.ErrReader(errors.New("nothing was to be read"))
	for _, tt := range []struct {
		name   string
		body   string
		change func(*http.Request)
		want   int // 0 is no refusal
	}{
		{name: "plain", body: "name=a%20b&other=c"},
		{name: "with a charset", body: "name=a+b", change: typed(formType + "; charset=UTF-8")},
		{name: "empty pairs", body: "&&name=a+b&"},
		{name: "as large as may be", body: "name=a+b&x=" + strings.Repeat("x", 8<<10-11)},

		{name: "with a query", body: "name=a", change: func(r *http.Request) { r.URL.RawQuery = "name=b" }, want: http.StatusBadRequest},
		{name: "with an empty query", body: "name=a", change: func(r *http.Request) { r.URL.ForceQuery = true }, want: http.StatusBadRequest},
		{name: "compressed", body: "name=a", change: func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") }, want: http.StatusUnsupportedMediaType},
		{name: "no type", body: "name=a", change: typed(), want: http.StatusUnsupportedMediaType},
		{name: "two types", body: "name=a", change: typed(formType, formType), want: http.StatusUnsupportedMediaType},
		{name: "another type", body: "name=a", change: typed("text/plain"), want: http.StatusUnsupportedMediaType},
		{name: "a broken parameter", body: "name=a", change: typed(formType + "; charset"), want: http.StatusUnsupportedMediaType},
		{name: "another parameter", body: "name=a", change: typed(formType + "; boundary=utf-8"), want: http.StatusUnsupportedMediaType},
		{name: "another charset", body: "name=a", change: typed(formType + "; charset=utf-16"), want: http.StatusUnsupportedMediaType},
		{name: "said to be too large", change: from(untouched, 8<<10+1), want: http.StatusRequestEntityTooLarge},
		{name: "too large without saying so", change: from(strings.NewReader(strings.Repeat("x", 8<<10+1)), -1), want: http.StatusRequestEntityTooLarge},
		{name: "too slow", change: from(iotest.ErrReader(os.ErrDeadlineExceeded), -1), want: http.StatusRequestTimeout},
		{name: "cut off", change: from(iotest.ErrReader(io.ErrUnexpectedEOF), -1), want: http.StatusBadRequest},
		{name: "reset", change: from(iotest.ErrReader(&net.OpError{Op: "read", Err: net.ErrClosed}), -1), want: http.StatusBadRequest},
		{name: "cut off in a pair", change: from(io.MultiReader(strings.NewReader("name=a"), iotest.ErrReader(io.ErrUnexpectedEOF)), -1), want: http.StatusBadRequest},

		{name: "a name with a broken escape", body: "%zz=a", want: http.StatusBadRequest},
		{name: "a value with a broken escape", body: "name=%zz", want: http.StatusBadRequest},
		{name: "a name that is not UTF-8", body: "%ff=a", want: http.StatusBadRequest},
		{name: "a value that is not UTF-8", body: "name=%ff", want: http.StatusBadRequest},
		{name: "a field twice", body: "name=a&name=a", want: http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := post(tt.body)
			if tt.change != nil {
				tt.change(r)
			}
			got, err := browser.ReadForm(httptest.NewRecorder(), r, "name")
			if tt.want == 0 {
				if err != nil || len(got) != 1 || got["name"] != "a b" {
					t.Errorf("ReadForm() = %v, %v, want the name", got, err)
				}
				return
			}
			if !errors.Is(err, browser.StatusError(tt.want)) || got != nil {
				t.Errorf("ReadForm() = %v, %v, want %v alone", got, err, browser.StatusError(tt.want))
			}
		})
	}
}

// Threat T044: a notice is a key that the program knows, never a text.
func TestSetNoticeTakesKeysAlone(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "Saved", "saved now", "<b>", "é", strings.Repeat("a", 49)} {
		func() {
			w := httptest.NewRecorder()
			defer func() {
				if recover() == nil || len(w.Header()) != 0 {
					t.Errorf("SetNotice(%q) set %v, want a panic and nothing", key, w.Header())
				}
			}()
			browser.SetNotice(w, key)
		}()
	}
}
