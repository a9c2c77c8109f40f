//! How frames and their parts are read and written, whatever they are.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::ser::{Error as _, Serialize, SerializeMap};
use serde_json::{Map, Number, Value};

/// How much of a message is checked when it is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The types of the documented members; a frame that no document knows is an unknown one.
    #[default]
    Lenient,
    /// All that is documented; a frame that no document knows is an error.
    Strict,
}

/// What is wrong with a message, or with a frame that is to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// A JSON pointer to the place; empty for the whole message.
    pub path: String,
    /// What was expected there.
    pub problem: String,
}

impl DecodeError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            problem: problem.into(),
        }
    }

    pub(super) fn expected(what: &str, found: &Value) -> Self {
        Self::new(format!("expected {what}, found {}", shown(found)))
    }

    /// The error as one of what the place lies in.
    pub(super) fn at(mut self, step: &str) -> Self {
        let step = step.replace('~', "~0").replace('/', "~1");
        self.path.insert_str(0, &format!("/{step}"));
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(to, "the message: {}", self.problem),
            path => write!(to, "{path}: {}", self.problem),
        }
    }
}

impl std::error::Error for DecodeError {}

pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) if text.chars().count() > 60 => "a long string".into(),
        _ => value.to_string(),
    }
}

/// A frame that no document knows, kept as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownFrame {
    /// What tells which frame it is.
    pub tag: String,
    /// All members of the message, the tag among them.
    pub message: Map<String, Value>,
}

impl Serialize for UnknownFrame {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.message.serialize(serializer)
    }
}

/// The value of a text, in which no object has two members of one name.
pub(super) fn parse(text: &str) -> Result<Value, DecodeError> {
    let no_json = |error| DecodeError::new(format!("is no JSON text: {error}"));
    let value = serde_json::from_str(text).map_err(no_json)?;
    let mut names: Vec<HashSet<String>> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        match byte {
            b'{' | b'[' => names.push(HashSet::new()),
            b'}' | b']' => drop(names.pop()),
            b'"' => {
                let begin = at;
                at = end_of_string(text, begin);
                if text[at..].trim_start().starts_with(':') {
                    let name: String = serde_json::from_str(&text[begin..at]).map_err(no_json)?;
                    let problem = format!("the member {name:?} is there twice");
                    if names.last_mut().is_some_and(|names| !names.insert(name)) {
                        return Err(DecodeError::new(problem));
                    }
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(value)
}

/// The place behind a string, in a text that is JSON.
fn end_of_string(text: &str, begin: usize) -> usize {
    let mut at = begin + 1;
    while let Some(&byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// The members of a message.
pub(super) fn members_of(value: &Value) -> Result<&Map<String, Value>, DecodeError> {
    value
        .as_object()
        .ok_or_else(|| DecodeError::expected("an object", value))
}

/// What tells which frame a message is, if it is there.
pub(super) fn tag_of<'a>(value: &'a Value, name: &str) -> Result<Option<&'a str>, DecodeError> {
    match members_of(value)?.get(name) {
        None => Ok(None),
        Some(Value::String(tag)) => Ok(Some(tag)),
        Some(other) => Err(DecodeError::expected("a string", other).at(name)),
    }
}

/// The frame of a tag that no document knows, where there may be one.
pub(super) fn unknown(
    value: &Value,
    name: &str,
    tag: Option<&str>,
    mode: Mode,
) -> Result<UnknownFrame, DecodeError> {
    let Some(tag) = tag else {
        return Err(DecodeError::new("is required").at(name));
    };
    if mode == Mode::Strict {
        return Err(DecodeError::new(format!("no frame is called {tag:?}")).at(name));
    }
    Ok(UnknownFrame {
        tag: tag.into(),
        message: members_of(value)?.clone(),
    })
}

/// The value of a frame, if it can be written.
pub(super) fn value_of(frame: &impl Serialize) -> Result<Value, DecodeError> {
    serde_json::to_value(frame).map_err(|error| DecodeError::new(error.to_string()))
}

/// The text of a frame, if it can be written.
pub(super) fn text_of(frame: &impl Serialize) -> Result<String, DecodeError> {
    serde_json::to_string(frame).map_err(|error| DecodeError::new(error.to_string()))
}

/// What a JSON value can be read as.
pub trait FromJson: Sized {
    fn from_json(value: &Value) -> Result<Self, DecodeError>;
}

/// An object with documented members.
pub trait Record: Sized {
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError>;
    fn write<M: SerializeMap>(&self, to: &mut Writer<M>) -> Result<(), M::Error>;
}

/// Gives records what serde wants of them.
macro_rules! records {
    ($($name:ident)*) => {$(
        impl FromJson for $name {
            fn from_json(value: &Value) -> Result<Self, DecodeError> {
                Self::read(&mut Reader::of(value)?)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut writer = Writer::new(serializer.serialize_map(None)?);
                self.write(&mut writer)?;
                writer.end()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::from_json(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    )*};
}
pub(super) use records;

/// Gives the frames of a sender what serde wants of them.
macro_rules! unions {
    ($($name:ident)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::of(&Value::deserialize(deserializer)?, Mode::Lenient).map_err(D::Error::custom)
            }
        }
    )*};
}
pub(super) use unions;

/// Reads an object member by member.
pub struct Reader<'a> {
    members: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn of(value: &'a Value) -> Result<Self, DecodeError> {
        Ok(Self {
            members: members_of(value)?,
            known: Vec::new(),
        })
    }

    /// The member that tells which frame it is.
    pub(super) fn tag(&mut self, name: &'static str, tag: &str) -> Result<(), DecodeError> {
        let found: String = self.required(name)?;
        if found == tag {
            return Ok(());
        }
        Err(DecodeError::new(format!("expected {tag:?}, found {found:?}")).at(name))
    }

    /// A member that must not be there.
    pub(super) fn without(&mut self, name: &'static str) -> Result<(), DecodeError> {
        self.known.push(name);
        match self.members.get(name) {
            None => Ok(()),
            Some(_) => Err(DecodeError::new("must be absent").at(name)),
        }
    }

    pub(super) fn required<T: FromJson>(&mut self, name: &'static str) -> Result<T, DecodeError> {
        self.optional(name)?
            .ok_or_else(|| DecodeError::new("is required").at(name))
    }

    pub(super) fn optional<T: FromJson>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, DecodeError> {
        self.known.push(name);
        let read = |value| T::from_json(value).map_err(|error| error.at(name));
        self.members.get(name).map(read).transpose()
    }

    /// The members that are not documented.
    pub(super) fn others(&self) -> Map<String, Value> {
        let is_other = |(name, _): &(&String, &Value)| !self.known.contains(&name.as_str());
        let others = self.members.iter().filter(is_other);
        others
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

/// Writes an object member by member.
pub struct Writer<M: SerializeMap> {
    map: M,
    known: Vec<&'static str>,
}

impl<M: SerializeMap> Writer<M> {
    pub(super) fn new(map: M) -> Self {
        Self {
            map,
            known: Vec::new(),
        }
    }

    pub(super) fn without(&mut self, name: &'static str) {
        self.known.push(name);
    }

    pub(super) fn required<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.known.push(name);
        self.map.serialize_entry(name, value)
    }

    pub(super) fn optional<T: Serialize>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
    ) -> Result<(), M::Error> {
        self.known.push(name);
        match value {
            None => Ok(()),
            Some(value) => self.map.serialize_entry(name, value),
        }
    }

    pub(super) fn others(&mut self, extra: &Map<String, Value>) -> Result<(), M::Error> {
        for (name, value) in extra {
            if self.known.contains(&name.as_str()) {
                let problem = format!("the member {name:?} is documented, and no extra one");
                return Err(M::Error::custom(problem));
            }
            self.map.serialize_entry(name, value)?;
        }
        Ok(())
    }

    pub(super) fn end(self) -> Result<M::Ok, M::Error> {
        self.map.end()
    }
}

impl FromJson for Value {
    fn from_json(value: &Value) -> Result<Self, DecodeError> {
        Ok(value.clone())
    }
}

impl FromJson for String {
    fn from_json(value: &Value) -> Result<Self, DecodeError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(DecodeError::expected("a string", value)),
        }
    }
}

impl FromJson for bool {
    fn from_json(value: &Value) -> Result<Self, DecodeError> {
        value
            .as_bool()
            .ok_or_else(|| DecodeError::expected("true or false", value))
    }
}

impl FromJson for Number {
    fn from_json(value: &Value) -> Result<Self, DecodeError> {
        match value {
            Value::Number(number) => Ok(number.clone()),
            _ => Err(DecodeError::expected("a number", value)),
        }
    }
}

impl FromJson for i64 {
    fn from_json(value: &Value) -> Result<Self, DecodeError> {
        let whole = |number: f64| number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
        if let Some(number) = value.as_i64() {
            return Ok(number);
        }
        match value.as_f64() {
            #[allow(clippy::cast_possible_truncation)] // it is small and has no fraction
            Some(number) if whole(number) => Ok(number as i64),
            _ => Err(DecodeError::expected("an integer of 64 bits", value)),
        }
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: &Value) -> Result<Self, DecodeError> {
        match value {
            Value::Null => Ok(None),
            _ => T::from_json(value).map(Some),
        }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &Value) -> Result<Self, DecodeError> {
        let Value::Array(items) = value else {
            return Err(DecodeError::expected("an array", value));
        };
        let read = |(place, item): (usize, &Value)| {
            T::from_json(item).map_err(|error| error.at(&place.to_string()))
        };
        items.iter().enumerate().map(read).collect()
    }
}

impl<T: FromJson> FromJson for BTreeMap<String, T> {
    fn from_json(value: &Value) -> Result<Self, DecodeError> {
        let read = |(name, member): (&String, &Value)| {
            let member = T::from_json(member).map_err(|error| error.at(name))?;
            Ok((name.clone(), member))
        };
        members_of(value)?.iter().map(read).collect()
    }
}
