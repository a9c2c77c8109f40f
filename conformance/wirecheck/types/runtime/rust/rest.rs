//! What JSON Schema (draft 2020-12) says of a message where types say no more.

use std::cmp::Ordering;
// patterns: begin
use std::collections::HashMap;
// patterns: end
use std::collections::HashSet;

// patterns: begin
use regex::Regex;
// patterns: end
use serde_json::{Map, Number, Value};

use super::wire::{self, DecodeError};

type Checked = Result<(), DecodeError>;

/// Schemas under names.
macro_rules! rests {
    ($($name:ident = $schema:literal;)*) => {$(
        static $name: LazyLock<Rest> = LazyLock::new(|| Rest::of($schema));
    )*};
}
pub(super) use rests;

/// What a schema says.
pub struct Rest {
    schema: Value,
    // patterns: begin
    patterns: HashMap<String, Result<Regex, regex::Error>>,
    // patterns: end
}

impl Rest {
    /// Of the text of a schema. One that cannot be read accepts nothing.
    pub(super) fn of(schema: &str) -> Self {
        let schema = serde_json::from_str(schema).unwrap_or(Value::Bool(false));
        // patterns: begin
        let mut patterns = HashMap::new();
        gather(&schema, &mut patterns);
        // patterns: end
        Self {
            schema,
            // patterns: begin
            patterns,
            // patterns: end
        }
    }

    pub(super) fn check(&self, value: &Value) -> Checked {
        self.accept(&self.schema, value)
    }

    fn accept(&self, schema: &Value, value: &Value) -> Checked {
        let Value::Object(words) = schema else {
            return match schema {
                Value::Bool(false) => Err(DecodeError::new("must be absent")),
                _ => Ok(()),
            };
        };
        for (word, said) in words {
            self.fulfil(word, said, words, value)?;
        }
        Ok(())
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        self.accept(schema, value).is_ok()
    }

    fn fulfil(
        &self,
        word: &str,
        said: &Value,
        words: &Map<String, Value>,
        value: &Value,
    ) -> Checked {
        match (word, said, value) {
            ("type", _, _) if !is_of_type(said, value) => {
                Err(DecodeError::expected(&said.to_string(), value))
            }
            ("const", _, _) if !same(said, value) => {
                Err(DecodeError::expected(&said.to_string(), value))
            }
            ("enum", Value::Array(all), _) if !all.iter().any(|one| same(one, value)) => {
                Err(DecodeError::new(format!(
                    "{} is none of the documented values",
                    wire::shown(value)
                )))
            }
            (_, Value::Array(all), _) if matches!(word, "allOf" | "anyOf" | "oneOf") => {
                self.combine(word, all, value)
            }
            ("not", _, _) if self.fits(said, value) => Err(DecodeError::new(format!(
                "{} is what it must not be",
                wire::shown(value)
            ))),
            ("if", _, _) if self.fits(said, value) => match words.get("then") {
                Some(then) => self.accept(then, value),
                None => Ok(()),
            },
            (_, _, Value::String(text)) => self.fulfil_text(word, said, text),
            (_, Value::Number(bound), Value::Number(number)) => {
                let fine = match word {
                    "minimum" => compare(number, bound).is_ge(),
                    "maximum" => compare(number, bound).is_le(),
                    "exclusiveMinimum" => compare(number, bound).is_gt(),
                    "exclusiveMaximum" => compare(number, bound).is_lt(),
                    "multipleOf" => Decimal::of(number).is_multiple(&Decimal::of(bound)),
                    _ => true,
                };
                demand(fine, || format!("{number} does not fulfil {word}: {bound}"))
            }
            (_, _, Value::Array(items)) => self.fulfil_items(word, said, items),
            (_, _, Value::Object(members)) => self.fulfil_members(word, said, words, members),
            _ => Ok(()),
        }
    }

    fn combine(&self, word: &str, all: &[Value], value: &Value) -> Checked {
        if word == "allOf" {
            return all.iter().try_for_each(|one| self.accept(one, value));
        }
        let fits = all.iter().filter(|one| self.fits(one, value)).count();
        let fine = fits == 1 || (word == "anyOf" && fits > 0);
        demand(fine, || format!("fits {fits} of the documented forms"))
    }

    #[allow(clippy::unused_self)] // where there are no patterns
    fn fulfil_text(&self, word: &str, said: &Value, text: &str) -> Checked {
        let fine = match word {
            "minLength" => counted(text.chars().count(), said).is_ge(),
            "maxLength" => counted(text.chars().count(), said).is_le(),
            // patterns: begin
            "pattern" => match said.as_str().and_then(|said| self.patterns.get(said)) {
                Some(Ok(pattern)) => pattern.is_match(text),
                _ => return Err(DecodeError::new(format!("{said} cannot be looked for"))),
            },
            // patterns: end
            _ => true,
        };
        demand(fine, || {
            format!("the string does not fulfil {word}: {said}")
        })
    }

    fn fulfil_items(&self, word: &str, said: &Value, items: &[Value]) -> Checked {
        let fine = match word {
            "minItems" => counted(items.len(), said).is_ge(),
            "maxItems" => counted(items.len(), said).is_le(),
            "uniqueItems" => {
                let mut seen = HashSet::new();
                *said != Value::Bool(true) || items.iter().all(|item| seen.insert(canonical(item)))
            }
            "items" => {
                for (place, item) in items.iter().enumerate() {
                    self.accept(said, item)
                        .map_err(|error| error.at(&place.to_string()))?;
                }
                true
            }
            _ => true,
        };
        demand(fine, || format!("the array does not fulfil {word}: {said}"))
    }

    fn fulfil_members(
        &self,
        word: &str,
        said: &Value,
        words: &Map<String, Value>,
        members: &Map<String, Value>,
    ) -> Checked {
        let named = words.get("properties").and_then(Value::as_object);
        match (word, said) {
            ("required", Value::Array(all)) => {
                let absent = |name: &&str| !members.contains_key(*name);
                match all.iter().filter_map(Value::as_str).find(absent) {
                    Some(name) => Err(DecodeError::new("is required").at(name)),
                    None => Ok(()),
                }
            }
            ("properties", Value::Object(named)) => named.iter().try_for_each(|(name, schema)| {
                members.get(name).map_or(Ok(()), |value| {
                    self.accept(schema, value).map_err(|error| error.at(name))
                })
            }),
            ("additionalProperties", _) => members
                .iter()
                .filter(|(name, _)| !named.is_some_and(|named| named.contains_key(*name)))
                .try_for_each(|(name, value)| {
                    self.accept(said, value).map_err(|error| error.at(name))
                }),
            _ => Ok(()),
        }
    }
}

// patterns: begin
/// Every text that may be a pattern; one too many does no harm.
fn gather(schema: &Value, patterns: &mut HashMap<String, Result<Regex, regex::Error>>) {
    match schema {
        Value::Object(words) => {
            for (word, said) in words {
                if let ("pattern", Value::String(pattern)) = (word.as_str(), said) {
                    patterns.insert(pattern.clone(), Regex::new(pattern));
                }
                gather(said, patterns);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| gather(one, patterns)),
        _ => {}
    }
}

// patterns: end
fn demand(fine: bool, problem: impl FnOnce() -> String) -> Checked {
    if fine {
        return Ok(());
    }
    Err(DecodeError::new(problem()))
}

fn is_of_type(said: &Value, value: &Value) -> bool {
    let is = |name: &str| match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(number) => {
            name == "number" || (name == "integer" && Decimal::of(number).exponent >= 0)
        }
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    };
    match said {
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => said.as_str().is_some_and(is),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    canonical(one) == canonical(other)
}

/// A text that just the equal values have.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => Decimal::of(number).to_text(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let mut parts: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        _ => value.to_string(),
    }
}

fn counted(count: usize, bound: &Value) -> Ordering {
    match bound {
        Value::Number(bound) => compare(&Number::from(count), bound),
        _ => Ordering::Equal,
    }
}

fn compare(one: &Number, other: &Number) -> Ordering {
    Decimal::of(one).compare(&Decimal::of(other))
}

/// A number by its digits, which neither begin nor end with a zero, times a power of ten. Doubles are taken by their
/// shortest text, so that a tenth is one.
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(number: &Number) -> Self {
        let text = number.to_string();
        let (negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text.as_str()),
        };
        let (text, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (before, after) = text.split_once('.').unwrap_or((text, ""));
        let all = format!("{before}{after}");
        let digits = all.trim_start_matches('0');
        let short = digits.trim_end_matches('0');
        if short.is_empty() {
            return Self {
                negative: false,
                digits: String::new(),
                exponent: 0,
            };
        }
        Self {
            negative,
            digits: short.into(),
            exponent: power.parse().unwrap_or(0) - length(after) + length(digits) - length(short),
        }
    }

    fn to_text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}e{}", self.digits, self.exponent)
    }

    fn rank(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let size = |one: &Self| length(&one.digits) + one.exponent;
        let sizes = || {
            let sizes = size(self).cmp(&size(other));
            let sizes = sizes.then_with(|| self.digits.cmp(&other.digits));
            if self.negative {
                sizes.reverse()
            } else {
                sizes
            }
        };
        self.rank().cmp(&other.rank()).then_with(sizes)
    }

    /// Computed with digits, since doubles have no tenth; those of a double or of 64 bits are at most 20.
    fn is_multiple(&self, of: &Self) -> bool {
        let (Ok(digits), Ok(step)) = (self.digits.parse::<u128>(), of.digits.parse::<u128>())
        else {
            return self.digits.is_empty();
        };
        let shift = self.exponent - of.exponent;
        let Ok(zeros) = u32::try_from(shift.unsigned_abs()) else {
            return false;
        };
        if shift < 0 {
            let step = 10_u128
                .checked_pow(zeros)
                .and_then(|power| step.checked_mul(power));
            return step.is_some_and(|step| digits % step == 0);
        }
        let more = |rest: u128, _| rest * 10 % step;
        (0..zeros).fold(digits % step, more) == 0
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}
