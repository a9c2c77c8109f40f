// The driver decodes and encodes messages by generated types: a request a line in, an answer a line out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type request struct {
	Module string `json:"module"`
	Sender string `json:"sender"`
	Strict bool   `json:"strict"`
	Text   string `json:"text"`
}

type answer struct {
	OK      bool    `json:"ok"`
	Variant string  `json:"variant,omitempty"`
	Text    *string `json:"text,omitempty"`
	Valid   *bool   `json:"valid,omitempty"`
	Error   string  `json:"error,omitempty"`
}

type frame = json.Marshaler

// dialect is one module and sender.
type dialect struct {
	decode   func(text []byte, strict bool) (frame, error)
	encode   func(frame) ([]byte, error)
	validate func(frame) error
}

// of makes a dialect of what a package of types offers; G is the package's frame of either sender.
func of[M ~int, F frame, G frame](decode func([]byte, M) (F, error), encode func(G) ([]byte, error), validate func(G) error) dialect {
	return dialect{
		decode: func(text []byte, strict bool) (frame, error) {
			mode := M(0)
			if strict {
				mode = M(1)
			}
			return decode(text, mode)
		},
		encode:   func(f frame) ([]byte, error) { return encode(f.(G)) },
		validate: func(f frame) error { return validate(f.(G)) },
	}
}

func answerTo(asked request) answer {
	d, known := dialects[asked.Module+" "+asked.Sender]
	if !known {
		return answer{Error: "there is no such module or sender"}
	}
	decoded, err := d.decode([]byte(asked.Text), asked.Strict)
	if err != nil {
		return answer{Error: err.Error()}
	}
	encoded, err := d.encode(decoded)
	if err != nil {
		return answer{Error: "encoding: " + err.Error()}
	}
	kind := fmt.Sprintf("%T", decoded)
	text, valid := string(encoded), d.validate(decoded) == nil
	return answer{OK: true, Variant: kind[strings.LastIndex(kind, ".")+1:], Text: &text, Valid: &valid}
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	requests, answers := json.NewDecoder(in), json.NewEncoder(out)
	for requests.More() {
		var asked request
		if err := requests.Decode(&asked); err != nil {
			fmt.Fprintln(os.Stderr, "a request is no JSON:", err)
			os.Exit(1)
		}
		if err := answers.Encode(answerTo(asked)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
