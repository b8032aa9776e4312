package duotest

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
)

// maxBody is the longest request body that is read.
const maxBody = 1 << 20

// errParams: parameters that cannot be read, or that contradict each other.
var errParams = errors.New("the request's parameters cannot be read")

// readParams collects the parameters of a request from wherever SDKs put them:
// the query (Python), an urlencoded body (most), a multipart body (PHP).
// A parameter may come twice only with the same value (RFC 6749, 3.1).
func readParams(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // empty when it is none
	var err error
	if media == "multipart/form-data" {
		err = r.ParseMultipartForm(maxBody)
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	for name, values := range r.Form {
		for _, v := range values[1:] {
			if v != values[0] {
				return nil, fmt.Errorf("%w: %s is there twice", errParams, name)
			}
		}
	}
	return r.Form, nil
}
