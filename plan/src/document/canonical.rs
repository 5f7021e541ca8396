//! JSON in canonical form (RFC 8785), written in one go.
//!
//! The library that writes it keeps each entry of each object apart to sort them, which for a plan takes most of the time that
//! loading it takes. Here entries are written behind each other, and moved only where they are out of order. What a plan does
//! not have, numbers with a fraction and names that are no plain ASCII, is left to the library.

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::fmt;
use std::io::{self, Write};

/// Writes a value.
///
/// # Errors
///
/// If it cannot be written as JSON.
pub(super) fn to_string(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut writer = Entries::default();
    // The writer has all the text: nothing is left for the sink.
    value.serialize(&mut Serializer::with_formatter(io::sink(), &mut writer))?;
    match String::from_utf8(writer.text) {
        Ok(text) if !writer.is_beyond => Ok(text),
        _ => serde_json_canonicalizer::to_string(value),
    }
}

/// An entry of an object that is being written: where it begins, where its key ends (without the last quote: a shorter key
/// comes before a longer one that begins so), and with which bytes the key begins.
struct Entry {
    start: usize,
    key_end: usize,
    begins: u64,
}

/// What has been written, and the entries of the objects that have not ended.
#[derive(Default)]
struct Entries {
    text: Vec<u8>,
    entries: Vec<Entry>,
    /// For each object: how many entries there were before its own.
    objects: Vec<usize>,
    moved: Vec<u8>,
    /// Whether something is in it that is not written here.
    is_beyond: bool,
}

impl Entries {
    fn push(&mut self, text: &[u8]) -> io::Result<()> {
        self.text.extend_from_slice(text);
        Ok(())
    }

    fn integer(&mut self, value: impl Copy + fmt::Display + TryInto<i64>) -> io::Result<()> {
        // Numbers are doubles, and what is no exact one is written otherwise.
        self.is_beyond |= !value.try_into().is_ok_and(|value| value.unsigned_abs() < 1 << f64::MANTISSA_DIGITS);
        write!(self.text, "{value}")
    }

    /// Sorts the entries of the object that ends.
    fn sort(&mut self) {
        let first = self.objects.pop().unwrap_or_default();
        let Entries { text, entries, moved, .. } = self;
        let own = entries.get(first..).unwrap_or_default();
        let key = |entry: &Entry| text.get(entry.start..entry.key_end).unwrap_or_default();
        let compare = |one: &Entry, other: &Entry| match one.begins.cmp(&other.begins) {
            Ordering::Equal => key(one).cmp(key(other)),
            order => order,
        };
        if !own.is_sorted_by(|one, other| compare(one, other).is_le()) {
            let start = own.first().map_or(0, |entry| entry.start);
            let ends = own.iter().skip(1).map(|entry| entry.start - 1).chain([text.len()]);
            let mut order: SmallVec<[(&Entry, usize); 16]> = own.iter().zip(ends).collect();
            order.sort_by(|(one, _), (other, _)| compare(one, other));
            moved.clear();
            for (entry, end) in order {
                if !moved.is_empty() {
                    moved.push(b',');
                }
                moved.extend_from_slice(text.get(entry.start..end).unwrap_or_default());
            }
            text.truncate(start);
            text.extend_from_slice(moved);
        }
        entries.truncate(first);
    }
}

impl Formatter for &mut Entries {
    fn write_null<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.push(b"null")
    }

    fn write_bool<W: ?Sized + Write>(&mut self, _: &mut W, value: bool) -> io::Result<()> {
        self.push(if value { b"true" } else { b"false" })
    }

    fn write_i8<W: ?Sized + Write>(&mut self, _: &mut W, value: i8) -> io::Result<()> {
        self.integer(value)
    }

    fn write_i16<W: ?Sized + Write>(&mut self, _: &mut W, value: i16) -> io::Result<()> {
        self.integer(value)
    }

    fn write_i32<W: ?Sized + Write>(&mut self, _: &mut W, value: i32) -> io::Result<()> {
        self.integer(value)
    }

    fn write_i64<W: ?Sized + Write>(&mut self, _: &mut W, value: i64) -> io::Result<()> {
        self.integer(value)
    }

    fn write_i128<W: ?Sized + Write>(&mut self, _: &mut W, value: i128) -> io::Result<()> {
        self.integer(value)
    }

    fn write_u8<W: ?Sized + Write>(&mut self, _: &mut W, value: u8) -> io::Result<()> {
        self.integer(value)
    }

    fn write_u16<W: ?Sized + Write>(&mut self, _: &mut W, value: u16) -> io::Result<()> {
        self.integer(value)
    }

    fn write_u32<W: ?Sized + Write>(&mut self, _: &mut W, value: u32) -> io::Result<()> {
        self.integer(value)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, _: &mut W, value: u64) -> io::Result<()> {
        self.integer(value)
    }

    fn write_u128<W: ?Sized + Write>(&mut self, _: &mut W, value: u128) -> io::Result<()> {
        self.integer(value)
    }

    fn write_f32<W: ?Sized + Write>(&mut self, _: &mut W, _: f32) -> io::Result<()> {
        self.is_beyond = true;
        Ok(())
    }

    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, _: f64) -> io::Result<()> {
        self.is_beyond = true;
        Ok(())
    }

    fn write_number_str<W: ?Sized + Write>(&mut self, _: &mut W, _: &str) -> io::Result<()> {
        self.is_beyond = true;
        Ok(())
    }

    fn begin_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.push(b"\"")
    }

    fn end_string<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.push(b"\"")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.push(fragment.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        match escape {
            CharEscape::Quote => self.push(b"\\\""),
            CharEscape::ReverseSolidus => self.push(b"\\\\"),
            CharEscape::Solidus => self.push(b"/"),
            CharEscape::Backspace => self.push(b"\\b"),
            CharEscape::FormFeed => self.push(b"\\f"),
            CharEscape::LineFeed => self.push(b"\\n"),
            CharEscape::CarriageReturn => self.push(b"\\r"),
            CharEscape::Tab => self.push(b"\\t"),
            CharEscape::AsciiControl(byte) => write!(self.text, "\\u{byte:04x}"),
        }
    }

    fn begin_array<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.push(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.push(b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        self.push(if first { b"" } else { b"," })
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.objects.push(self.entries.len());
        self.push(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.sort();
        self.push(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        self.push(if first { b"" } else { b"," })?;
        let start = self.text.len();
        self.entries.push(Entry { start, key_end: start, begins: 0 });
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.text.len().saturating_sub(1);
        if let Some(entry) = self.entries.last_mut() {
            let key = self.text.get(entry.start + 1..end).unwrap_or_default();
            self.is_beyond |= !key.is_ascii() || key.contains(&b'\\');
            let mut begins = [0; size_of::<u64>()];
            begins.iter_mut().zip(key).for_each(|(own, byte)| *own = *byte);
            entry.begins = u64::from_be_bytes(begins);
            entry.key_end = end;
        }
        Ok(())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.push(b":")
    }

    fn write_raw_fragment<W: ?Sized + Write>(&mut self, _: &mut W, fragment: &str) -> io::Result<()> {
        self.push(fragment.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::{Entries, to_string};
    use proptest::prelude::*;
    use serde_json::Value;

    fn value() -> impl Strategy<Value = Value> {
        let text = || prop_oneof![3 => "[a-z_ !]{0,4}", 1 => any::<String>()];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i8>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((text(), inner), 0..6)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    /// Maps that keep the order in which they were made, as the structs of a plan do.
    struct Unsorted<'v>(&'v Value);

    impl serde::Serialize for Unsorted<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                Value::Object(entries) => {
                    serializer.collect_map(entries.iter().rev().map(|(key, value)| (key, Unsorted(value))))
                }
                Value::Array(elements) => serializer.collect_seq(elements.iter().map(Unsorted)),
                value => value.serialize(serializer),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4_000, ..ProptestConfig::default() })]

        #[test]
        fn it_is_what_the_library_writes(value in value()) {
            let expected = serde_json_canonicalizer::to_string(&value).unwrap();
            prop_assert_eq!(to_string(&value).unwrap(), &*expected);
            prop_assert_eq!(to_string(&Unsorted(&value)).unwrap(), &*expected);
        }

        #[test]
        fn the_library_is_asked_only_beyond_plain_names_and_numbers(entries in prop::collection::vec(("[ -!#-Z^-~]{0,4}", any::<String>()), 0..6)) {
            let value = Value::Object(entries.into_iter().map(|(key, value)| (key, Value::from(value))).collect());
            let mut writer = Entries::default();
            let mut serializer = serde_json::Serializer::with_formatter(std::io::sink(), &mut writer);
            serde::Serialize::serialize(&value, &mut serializer).unwrap();
            prop_assert!(!writer.is_beyond);
        }
    }
}
