//! Decodes and encodes messages by generated types: a request a line in, an answer a line out. With an argument, checks
//! frames that a program made, and reads nothing.

use std::io::{self, BufRead, Write};

use serde_json::{json, Value};

mod made;
mod modules;
mod table;

/// Whether a message is strictly decoded, and its text.
pub struct Request<'a> {
    strict: bool,
    text: &'a str,
}

/// Answers by the frames of one module and sender.
macro_rules! answer {
    ($module:ident, $frame:ident, $request:expr) => {{
        use crate::modules::$module::{$frame, Mode};
        let mode = if $request.strict {
            Mode::Strict
        } else {
            Mode::Lenient
        };
        $frame::decode($request.text, mode)
            .and_then(|frame| {
                let valid = frame.validate().is_ok();
                Ok((frame.encode()?, valid, format!("{frame:?}")))
            })
            .map_err(|error| error.to_string())
    }};
}
pub(crate) use answer;

/// The text, whether it is valid, and how it is shown: `Variant(Type { … })`.
type Answer = Result<(String, bool, String), String>;

fn line(request: &Value) -> Value {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let strict = request["strict"] == true;
    let asked = Request {
        strict,
        text: text("text"),
    };
    match table::answer(text("module"), text("sender"), &asked) {
        Err(error) => json!({"ok": false, "error": error}),
        Ok((text, valid, shown)) => {
            let kind = shown.split(['(', ' ']).nth(1).unwrap_or_default();
            json!({"ok": true, "variant": kind, "text": text, "valid": valid})
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).is_some() {
        made::check();
        return Ok(());
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    for request in io::stdin().lock().lines() {
        writeln!(out, "{}", line(&serde_json::from_str(&request?)?))?;
    }
    out.flush()?;
    Ok(())
}
