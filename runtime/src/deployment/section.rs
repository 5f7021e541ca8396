//! Reads tables of a `gov.toml`: every key is asked for, and what nobody asked for is a mistake.

use gov_grammar::closest;
use gov_plan::text;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong in a `gov.toml`, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong, in words.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// The mistakes that were found so far, in a text.
pub(super) struct Mistakes<'t> {
    text: &'t str,
    found: RefCell<Vec<(usize, String)>>,
}

impl<'t> Mistakes<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    pub(super) fn add(&self, at: usize, message: String) {
        self.found.borrow_mut().push((at, message));
    }

    /// All of them, in the order of the text.
    pub(super) fn into_inner(self) -> Vec<Mistake> {
        let mut found = self.found.into_inner();
        found.sort();
        let place = |(at, message): (usize, String)| {
            let before = self.text.get(..at).unwrap_or(self.text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Mistake { line, column, message }
        };
        found.into_iter().map(place).collect()
    }
}

/// A table, and where it stands.
pub(crate) struct Section<'t> {
    /// `handlers.exec.jq`; empty for the whole file.
    name: String,
    at: usize,
    table: &'t DeTable<'t>,
    mistakes: &'t Mistakes<'t>,
}

impl<'t> Section<'t> {
    pub(super) fn whole(table: &'t DeTable<'t>, mistakes: &'t Mistakes<'t>) -> Self {
        Self { name: String::new(), at: 0, table, mistakes }
    }

    /// Reports every key but these.
    pub(crate) fn only(&self, known: &[&str]) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let has = if self.name.is_empty() { "`gov.toml`".to_owned() } else { format!("`[{}]`", self.name) };
                let help = match closest(name, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("it knows {}", listed(known)),
                };
                self.mistakes.add(key.span().start, format!("{has} has no key `{name}`; {help}"));
            }
        }
    }

    /// Whether it has a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Reports what is wrong with the value of a key, or with the section where it has no such key.
    pub(crate) fn wrong(&self, key: &str, message: &str) {
        let at = self.table.get(key).map_or(self.at, |value| value.span().start);
        self.mistakes.add(at, format!("{}: {message}", self.path(key)));
    }

    /// Reports a key that is missing.
    pub(crate) fn missing(&self, key: &str, help: &str) {
        self.mistakes.add(self.at, format!("`[{}]` needs `{key}`: {help}", self.name));
    }

    /// A value that is read from a text, in its own words for what it has to be.
    pub(crate) fn parsed<T>(&self, key: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let read = |value: &DeValue<'_>| parse(value.as_str()?);
        self.read(key, expected, read)
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.parsed(key, "a text", |text| Some(text.to_owned()))
    }

    /// Texts.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<String>> {
        self.list(key, "texts", |text| Some(text.to_owned()))
    }

    /// Values that are read from texts.
    pub(crate) fn list<T>(&self, key: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        let read = |value: &DeValue<'_>| {
            value.as_array()?.iter().map(|element| parse(element.get_ref().as_str()?)).collect::<Option<Vec<T>>>()
        };
        self.read(key, &format!("a list of {expected}"), read)
    }

    /// Yes or no.
    pub(crate) fn bool(&self, key: &str) -> Option<bool> {
        self.read(key, "`true` or `false`", |value| value.as_bool())
    }

    /// A whole number, at least zero.
    pub(crate) fn count(&self, key: &str) -> Option<u64> {
        self.read(key, "a whole number, not negative", |value| value.as_integer()?.as_str().parse().ok())
    }

    /// A number of bytes: `65536`, `"64KiB"`, `"16MiB"`, `"1GiB"`.
    pub(crate) fn bytes(&self, key: &str) -> Option<u64> {
        let read = |value: &DeValue<'_>| match value {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            value => parse_bytes(value.as_str()?),
        };
        self.read(key, "a number of bytes, such as `\"16MiB\"`", read)
    }

    /// A duration, in milliseconds: `"10s"`.
    pub(crate) fn duration(&self, key: &str) -> Option<i64> {
        let parse = |text: &str| text::parse_duration(text).filter(|milliseconds| *milliseconds > 0);
        self.parsed(key, "a duration, such as `\"10s\"`", parse)
    }

    /// The texts of a table, by key.
    pub(crate) fn text_table(&self, key: &str) -> BTreeMap<String, String> {
        self.section(key).map(|section| section.texts_by_key()).unwrap_or_default()
    }

    /// The texts in this table, by key.
    pub(crate) fn texts_by_key(&self) -> BTreeMap<String, String> {
        self.table.keys().filter_map(|key| Some((key.get_ref().to_string(), self.text(key.get_ref())?))).collect()
    }

    /// The tables of a table, by key.
    pub(crate) fn sections(&self, key: &str) -> Vec<(String, Section<'t>)> {
        let Some(section) = self.section(key) else { return Vec::new() };
        section.each()
    }

    /// The tables in this one, by key.
    pub(crate) fn each(&self) -> Vec<(String, Section<'t>)> {
        self.table.keys().filter_map(|key| Some((key.get_ref().to_string(), self.section(key.get_ref())?))).collect()
    }

    /// The values of a table as JSON, by key.
    pub(crate) fn json_table(&self, key: &str) -> BTreeMap<String, Json> {
        let Some(section) = self.section(key) else { return BTreeMap::new() };
        section.table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect()
    }

    /// A table.
    pub(crate) fn section(&self, key: &str) -> Option<Section<'t>> {
        let (own, value) = self.table.get_key_value(key)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Section { name: self.path(key), at: own.span().start, table, mistakes: self.mistakes }),
            None => {
                self.expected(key, value, "a table");
                None
            }
        }
    }

    fn read<T>(&self, key: &str, expected: &str, read: impl Fn(&DeValue<'_>) -> Option<T>) -> Option<T> {
        let value = self.table.get(key)?;
        let found = read(value.get_ref());
        if found.is_none() {
            self.expected(key, value, expected);
        }
        found
    }

    fn expected(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        self.mistakes.add(value.span().start, format!("`{}` must be {expected}", self.path(key)));
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];
    let (number, size) = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))?;
    number.trim_end().parse::<u64>().ok()?.checked_mul(*size)
}

fn listed(known: &[&str]) -> String {
    known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// A value as Gov's JSON has it: numbers with a point are decimals, and so are texts.
fn json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::from(text.as_ref()),
        DeValue::Integer(number) => number.as_str().parse::<i64>().map_or(Json::Null, Json::from),
        DeValue::Float(number) => Json::from(number.as_str()),
        DeValue::Boolean(bool) => Json::from(*bool),
        DeValue::Datetime(time) => Json::from(time.to_string()),
        DeValue::Array(elements) => elements.iter().map(|element| json(element.get_ref())).collect(),
        DeValue::Table(table) => {
            Json::Object(table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref()))).collect())
        }
    }
}
