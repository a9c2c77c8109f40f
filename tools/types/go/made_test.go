package main

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	vonz "wirecheck/driver/modules/vonz_flat"
)

func toolUse(tool, input string) *vonz.TaskToolUseFrame {
	var f vonz.TaskToolUseFrame
	text := `{"type":"task:tool_use","session_id":"s","task_id":"t","tool":"x","input":{}}`
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		panic(err)
	}
	f.Tool = tool
	if err := json.Unmarshal([]byte(input), &f.Input); err != nil {
		panic(err)
	}
	return &f
}

func TestValidateChecksWhatAProgramMade(t *testing.T) {
	for _, good := range []vonz.Frame{
		toolUse("Glob", `{}`),
		toolUse("AskUserQuestion", `{"questions":[]}`),
	} {
		if err := vonz.Validate(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	err := vonz.Validate(toolUse("AskUserQuestion", `{"questions":{}}`))
	var wrong *vonz.DecodeError
	if !errors.As(err, &wrong) || wrong.Path != "/input/questions" {
		t.Errorf("the error is %v", err)
	}
}

func TestEncodeRefusesWhatNoMessageCanBe(t *testing.T) {
	documented := toolUse("Glob", `{}`)
	documented.Extra = map[string]json.RawMessage{"tool": json.RawMessage(`"other"`)}
	tag := toolUse("Glob", `{}`)
	tag.Extra = map[string]json.RawMessage{"type": json.RawMessage(`"other"`)}
	noJSON := toolUse("Glob", `{}`)
	noJSON.Extra = map[string]json.RawMessage{"more": json.RawMessage(`{`)}
	twice := toolUse("Glob", `{}`)
	twice.Extra = map[string]json.RawMessage{"more": json.RawMessage(`{"a":1,"a":1}`)}
	noText := toolUse("Glob\xff", `{}`)
	noNumber := new(vonz.TurnDoneFrame)
	noNumber.CostUsd = json.Number("NaN")
	noScalar := new(vonz.TurnDoneFrame)
	noScalar.CostUsd = json.Number("[1]")
	none := &vonz.UnknownFrame{Tag: "new", Message: json.RawMessage(`[]`)}
	for name, frame := range map[string]vonz.Frame{
		"a documented member": documented, "the tag": tag, "no JSON": noJSON, "a member twice": twice,
		"no UTF-8": noText, "no number": noNumber, "no scalar": noScalar, "no object": none, "nothing": nil,
	} {
		if text, err := vonz.Encode(frame); err == nil {
			t.Errorf("%s: written as %s", name, text)
		}
		if vonz.Validate(frame) == nil {
			t.Errorf("%s: valid", name)
		}
	}
}

func TestExtraMembersAndAbsenceSurvive(t *testing.T) {
	frame := new(vonz.TaskSubmitFrame)
	frame.Extra = map[string]json.RawMessage{"x": json.RawMessage(`{"big":9007199254740993}`)}
	for _, id := range []vonz.Optional[string]{{}, vonz.Some("s <&>\u2028"), vonz.Some("")} {
		frame.SessionID = id
		text, err := json.Marshal(*frame)
		if err != nil {
			t.Fatal(err)
		}
		again, err := vonz.DecodeClientFrame(text, vonz.Strict)
		if err != nil {
			t.Fatal(err)
		}
		if found := again.(*vonz.TaskSubmitFrame); found.SessionID != id || string(found.Extra["x"]) != `{"big":9007199254740993}` {
			t.Errorf("%s was read as %v", text, found)
		}
	}
}

func TestAStructTakesItsOwnTagAlone(t *testing.T) {
	var frame vonz.TaskCancelFrame
	for _, text := range []string{
		`{"type":"task.submit","task_id":"a"}`, `{"task_id":"a"}`, `{"TYPE":"task.cancel","task_id":"a"}`,
		`{"type":"task.cancel","Task_ID":"a"}`, `null`, `{"type":"task.cancel","task_id":"a","task_id":"a"}`,
	} {
		if json.Unmarshal([]byte(text), &frame) == nil {
			t.Errorf("%s was taken", text)
		}
	}
	if err := json.Unmarshal([]byte(`{"type":"task.cancel","task_id":"a"}`), &frame); err != nil || frame.TaskID != "a" {
		t.Errorf("%v, %v", frame, err)
	}
}

func TestHostileTexts(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	for _, text := range []string{
		"", " ", "\ufeff{}", "\xff", "{\"type\":\"new\",\"a\":\"\xff\"}", deep, `{"type":"turn.done"` + "\x00}", `{"type":"\ud800"}`, `{"type":"\udc00\ud800"}`,
		`{"type":"new","a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}",
	} {
		if _, err := vonz.DecodeServerFrame([]byte(text), vonz.Lenient); err == nil {
			t.Errorf("%.40q was taken", text)
		}
	}
}

func TestIntegersHave64Bits(t *testing.T) {
	with := func(tokens string) string {
		return `{"type":"turn.done","session_id":"s","result_text":"","cost_usd":1e-7,"input_tokens":` + tokens + `,"output_tokens":1}`
	}
	for text, wanted := range map[string]int64{
		"-9223372036854775808": math.MinInt64, "9223372036854775807": math.MaxInt64, "1.0": 1, "12e2": 1200, "-0": 0, "0e9": 0,
	} {
		frame, err := vonz.DecodeServerFrame([]byte(with(text)), vonz.Strict)
		if err != nil || frame.(*vonz.TurnDoneFrame).InputTokens != wanted {
			t.Errorf("%s: %v, %v", text, frame, err)
		}
	}
	for _, text := range []string{
		"9223372036854775808", "-9223372036854775809", "1.5", "1e19", "1e-1", "1e999999999999999999999", `"1"`, "true", "null",
	} {
		if _, err := vonz.DecodeServerFrame([]byte(with(text)), vonz.Lenient); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
