package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mfaserver/internal/config"
	"mfaserver/internal/secret/secrettest"
)

// structsIn collects a value of every exported struct of the package that v
// reaches through exported fields.
func structsIn(v reflect.Value, found map[reflect.Type]any) {
	typ := v.Type()
	switch typ.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			structsIn(v.Elem(), found)
		}
	case reflect.Slice:
		for i := range v.Len() {
			structsIn(v.Index(i), found)
		}
	case reflect.Struct:
		if typ.PkgPath() == reflect.TypeFor[config.Config]().PkgPath() {
			found[typ] = v.Interface()
		}
		for i := range v.NumField() {
			if typ.Field(i).IsExported() {
				structsIn(v.Field(i), found)
			}
		}
	default:
	}
}

// Threat T168: no exported type of the configuration prints, marshals or logs
// a secret, the password of the outbound proxy among them.
func TestNothingPrintsSecrets(t *testing.T) {
	t.Parallel()
	const password = "canary-pass-word"
	canary := strings.Repeat("c4n4ry7Q", 5)
	data := strings.ReplaceAll(`
public_urls: ["https://mirth.example.org"]
primary: {upstream: {url: "https://127.0.0.1:9443"}}
store: {redis: {url: "redis://127.0.0.1", password: SECRET}}
duo:
  universal: {client_id: DIXXXXXXXXXXXXXXXXXX, client_secret: 0123456789abcdefghij0123456789abcdefghij, client_secret_previous: SECRET, api_hostname: api-12345678.duosecurity.com}
  auth: {ikey: DIXXXXXXXXXXXXXXXXXX, skey: SECRET, host: api-12345678.duosecurity.com}
  admin: {ikey: DIXXXXXXXXXXXXXXXXXX, skey: SECRET, host: api-12345678.duosecurity.com}
  accounts: {ikey: DIXXXXXXXXXXXXXXXXXX, skey: SECRET, host: api-12345678.duosecurity.com}
  http_proxy: http://canary-user:`+password+`@proxy.example.org:3128
organizations:
  - name: clinic
    admin: {ikey: DIXXXXXXXXXXXXXXXXXX, skey: SECRET, host: api-12345678.duosecurity.com}
    universal: {client_id: DIXXXXXXXXXXXXXXXXXX, client_secret: SECRET, api_hostname: api-12345678.duosecurity.com}
enrolment: {inline: [{group: "*", until: 2030-12-31}]}
audit:
  syslog: {url: "tls://siem.example.org:6514"}
  webhook: {url: "https://siem.example.org/in", secret: SECRET}
alerts: {webhook: {url: "https://siem.example.org/alerts", secret: SECRET}}
`, "SECRET", canary)
	c := parse(t, data)
	if !strings.Contains(c.Duo.HTTPProxy.Reveal(), password) || c.Organizations[0].Admin.SecretKey.Reveal() != canary {
		t.Fatal("the secrets are not in the configuration")
	}
	found := make(map[reflect.Type]any)
	structsIn(reflect.ValueOf(c), found)
	structsIn(reflect.ValueOf(config.Primary{Local: &config.Local{}}), found)
	_, err := config.Parse([]byte(strings.ReplaceAll(data, canary, canary+"x")+"listn: 1\n"), "c.yaml")
	faults, ok := errors.AsType[*config.FaultsError](err)
	if !ok {
		t.Fatal(err)
	}
	structsIn(reflect.ValueOf(faults), found)
	structsIn(reflect.ValueOf(config.Settings()), found)
	for _, name := range exportedStructs(t) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(found)), func(t reflect.Type) bool { return t.Name() == name }) {
			t.Errorf("no %s was looked at", name)
		}
	}
	texts := map[string]string{"Redacted": c.Redacted(), "Error": err.Error()}
	for _, v := range append(slices.Collect(maps.Values(found)), any(c), any(faults)) {
		maps.Copy(texts, ways(t, v))
	}
	for way, text := range texts {
		for _, s := range []string{canary, password, "canary-user"} {
			if secrettest.Shows(text, s) {
				t.Errorf("%s shows a secret: %.400s", way, text)
			}
		}
	}
}

// exportedStructs are the names of the exported structs of the package.
func exportedStructs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if typ, ok := n.(*ast.TypeSpec); ok && typ.Name.IsExported() {
				if _, ok := typ.Type.(*ast.StructType); ok {
					names = append(names, typ.Name.Name)
				}
			}
			return true
		})
	}
	if len(names) < 20 {
		t.Fatalf("only %q", names)
	}
	return names
}

// ways are how values get into output and logs.
func ways(t *testing.T, v any) map[string]string {
	t.Helper()
	out := make(map[string]string)
	add := func(way, text string) { out[fmt.Sprintf("%T by %s", v, way)] = text }
	for place, v := range map[string]any{"": v, " in a list": []any{v}, " in another": struct{ Field any }{v}, " by name": map[string]any{"k": v}} {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			add(verb+place, fmt.Sprintf(verb, v))
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		add("JSON"+place, string(text))
		var log bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			slog.New(h).With("with", v).Info("message", "value", v, slog.Group("group", "value", v))
		}
		add("log"+place, log.String())
	}
	return out
}
