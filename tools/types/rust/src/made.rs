//! What frames that a program made are, written and read again. Panics where they are not what they should be.

use serde_json::{json, Map, Number, Value};

use crate::modules::vonz_flat::{
    ClientFrame, Mode, ServerFrame, TaskSubmitFrame, TaskToolUseFrame,
};

fn tool_use(tool: &str, input: &Value) -> TaskToolUseFrame {
    let text = json!({
        "type": "task:tool_use", "session_id": "s", "task_id": "t", "tool": tool, "input": input,
    });
    serde_json::from_value(text).expect("a frame")
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

pub fn check() {
    validate_checks_what_a_program_made();
    encode_refuses_what_no_message_can_be();
    absence_and_extra_members_survive();
    a_struct_takes_its_own_tag_alone();
    hostile_texts_are_errors();
    integers_have_64_bits();
}

fn validate_checks_what_a_program_made() {
    for (tool, input) in [
        ("Glob", json!({})),
        ("AskUserQuestion", json!({"questions": []})),
    ] {
        assert_eq!(ServerFrame::from(tool_use(tool, &input)).validate(), Ok(()));
    }
    let wrong = ServerFrame::from(tool_use("AskUserQuestion", &json!({"questions": {}})));
    assert_eq!(wrong.validate().unwrap_err().path, "/input/questions");
}

fn encode_refuses_what_no_message_can_be() {
    for name in ["tool", "type"] {
        let mut frame = tool_use("Glob", &json!({}));
        frame.extra.insert(name.into(), json!("other"));
        let frame = ServerFrame::from(frame);
        assert!(frame.encode().is_err());
        assert!(frame.validate().is_err());
        assert!(serde_json::to_string(&frame).is_err());
    }
}

fn absence_and_extra_members_survive() {
    for session_id in [None, Some(String::new()), Some("s \u{2028}\u{0}🙂".into())] {
        let frame = ClientFrame::from(TaskSubmitFrame {
            mode: "session".into(),
            profile_id: "p".into(),
            session_id: session_id.clone(),
            prompt: String::new(),
            extra: map(json!({"x": {"big": 9_007_199_254_740_993_i64}})),
        });
        let text = frame.encode().expect("a text");
        assert_eq!(text.contains("session_id"), session_id.is_some());
        assert_eq!(ClientFrame::decode(&text, Mode::Strict), Ok(frame));
    }
}

fn a_struct_takes_its_own_tag_alone() {
    let right = json!({"type": "task:tool_use", "session_id": "s", "tool": "x", "input": {}});
    assert!(serde_json::from_value::<TaskToolUseFrame>(right.clone()).is_ok());
    for (name, value) in [
        ("type", json!("task:token")),
        ("type", json!(1)),
        ("tool", json!(null)),
    ] {
        let mut wrong = map(right.clone());
        wrong.insert(name.into(), value);
        assert!(serde_json::from_value::<TaskToolUseFrame>(wrong.into()).is_err());
    }
}

fn hostile_texts_are_errors() {
    let deep = "[".repeat(1_000_000);
    let closed = format!(
        r#"{{"type":"new","a":{}{}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    for text in [
        "",
        " ",
        "\u{feff}{}",
        &deep,
        &closed,
        "{\"type\":\"turn.done\"\u{0}}",
        r#"{"type":"\ud800"}"#,
        r#"{"type":"new","a":1,"a":1}"#,
        r#"{"type":"new","x":[{"a":1,"\u0061":1}]}"#,
        r#"{"type":"new"} {}"#,
        r#"{"Type":"new"}"#,
    ] {
        assert!(ServerFrame::decode(text, Mode::Lenient).is_err(), "{text}");
    }
    let fine = r#"{"type":"new","x":[{"a":":"},{"a":"\":"}],"a":{"a":"a"}}"#;
    assert!(ServerFrame::decode(fine, Mode::Lenient).is_ok());
}

fn integers_have_64_bits() {
    let with = |tokens: &str| {
        let cost = r#"{"type":"turn.done","session_id":"s","result_text":"","cost_usd":1e-7"#;
        let text = format!(r#"{cost},"input_tokens":{tokens},"output_tokens":1}}"#);
        ServerFrame::decode(&text, Mode::Strict)
    };
    for (text, wanted) in [
        ("-9223372036854775808", i64::MIN),
        ("9223372036854775807", i64::MAX),
        ("1.0", 1),
        ("12e2", 1200),
        ("-0", 0),
    ] {
        match with(text) {
            Ok(ServerFrame::TurnDone(frame)) => {
                assert_eq!(frame.input_tokens, wanted);
                assert_eq!(Some(frame.cost_usd), Number::from_f64(1e-7));
            }
            other => panic!("{text} was read as {other:?}"),
        }
    }
    for text in [
        "9223372036854775808",
        "-9223372036854775809",
        "1.5",
        "1e19",
        "1e-1",
        "1e999",
        "\"1\"",
        "true",
        "null",
    ] {
        assert!(with(text).is_err(), "{text}");
    }
}
