package duoclient_test

import (
	"encoding/json"
	"errors"
	"testing"

	"mfaserver/duoclient"
)

// FuzzEnvelope: whatever a server answers, the envelope is read or refused,
// and what is read can be read on.
func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"stat":"OK","response":[{"user_id":"DU"}],"metadata":{"next_offset":100}}`, `{"stat":"OK","response":""}`,
		`{"stat":"FAIL","code":40103,"message":"Invalid signature in request credentials"}`, `{"stat":"FAIL","code":"40103"}`,
		`{"stat":"OK"}`, `{"stat":"OK","response":{"authlogs":[],"metadata":{"next_offset":["1","a"]}}}`, `[]`, `{"stat":"OK","stat":"FAIL"}`,
		"{\"stat\":\"OK\",\"response\":\"\xff\"}", `{"stat":"OK","response":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}`,
	} {
		f.Add(200, []byte(seed))
		f.Add(400, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		response, metadata, err := duoclient.Envelope(status, body)
		if err != nil {
			_, refused := errors.AsType[*duoclient.APIError](err)
			if !refused && !errors.Is(err, duoclient.ErrMalformedResponse) {
				t.Errorf("error %v is neither a refusal nor malformed", err)
			}
			return
		}
		if status != 200 || !json.Valid(response) {
			t.Errorf("HTTP %d gave %q", status, response)
		}
		if next, err := duoclient.NextOffset(metadata, "100"); err == nil && next != "" && next <= "100" && len(next) <= 3 {
			t.Errorf("the list goes from 100 to %s", next)
		}
		_, _ = duoclient.Cursor(metadata)
		for _, o := range objects() {
			if json.Unmarshal(response, o) != nil {
				continue
			}
			first := toJSON(t, o)
			if !json.Valid([]byte(first)) {
				t.Errorf("%T writes %s", o, first)
			}
		}
	})
}
