package duoclient_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mfaserver/duoclient"
)

// docs/troubleshooting.md has a row for each of Duo's codes, with the advice of
// the program.
func TestTroubleshootingTellsTheAdvice(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join("..", "docs", "troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*duoclient.APIError{
		{Code: 40001, HTTPStatus: 400},
		{Code: 40002, HTTPStatus: 400},
		{Code: 40003, HTTPStatus: 400},
		{Code: 40101, HTTPStatus: 401},
		{Code: 40102, HTTPStatus: 401},
		{Code: 40103, HTTPStatus: 401},
		{Code: 40104, HTTPStatus: 401},
		{Code: 40105, HTTPStatus: 401},
		{Code: 40106, HTTPStatus: 401},
		{Code: 40301, HTTPStatus: 403, Path: "/admin/v1/users"},
		{Code: 40302, HTTPStatus: 403},
		{Code: 40401, HTTPStatus: 404},
		{Code: 40501, HTTPStatus: 405},
		{Code: 42901, HTTPStatus: 429},
		{Code: 50000, HTTPStatus: 500},
	} {
		row := fmt.Sprintf("| %d | %s |\n", e.Code, e.Advice())
		if !strings.Contains(string(document), row) {
			t.Errorf("docs/troubleshooting.md has no row\n%s", row)
		}
	}
}
