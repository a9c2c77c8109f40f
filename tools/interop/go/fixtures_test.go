// Package interop puts the vectors of fixtures/ to a JSON Schema validator written in Go: `go test`.
package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const root = "../../.."

type vector struct {
	Description, Variant, Envelope string
	Message                        json.RawMessage
	Valid                          bool
}

var outsideOfFileNames = regexp.MustCompile(`[^A-Za-z0-9._-]`)

func TestFrames(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "fixtures", "*", "frames.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors below %s/fixtures: %v", root, err)
	}
	for _, file := range files {
		dialect := filepath.Base(filepath.Dir(file))
		t.Run(dialect, func(t *testing.T) {
			compiler := jsonschema.NewCompiler()
			for _, one := range read(t, file) {
				stem := outsideOfFileNames.ReplaceAllString(one.Variant, "-")
				schema, err := compiler.Compile(filepath.Join(root, "schemas", dialect, one.Envelope, stem+".schema.json"))
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(value(t, one.Message)); (err == nil) != one.Valid {
					t.Errorf("%s %s, %s: valid is %v, and the validator says %v", one.Envelope, one.Variant, one.Description, one.Valid, err)
				}
			}
		})
	}
}

func read(t *testing.T, path string) (vectors []vector) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &vectors)
	}
	if err != nil || len(vectors) == 0 {
		t.Fatalf("%s: %d vectors, %v", path, len(vectors), err)
	}
	return vectors
}

func value(t *testing.T, text json.RawMessage) any {
	t.Helper()
	var found any
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	return found
}
