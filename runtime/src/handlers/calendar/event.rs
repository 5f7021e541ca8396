//! An event as iCalendar has it (RFC 5545).

use crate::gate::{Call, Error};
use gov_plan::text as words;
use serde_json::Value as Json;
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest line, in bytes.
const LINE: usize = 75;

/// The text of an event.
pub(super) fn text(id: &str, call: &Call) -> Result<String, Error> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let now = now.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0);
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Gov//calendar//EN".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{id}"),
        format!("DTSTAMP:{}", moment(now)),
        format!("DTSTART:{}", moment(time(call, "start")?)),
        format!("DTEND:{}", moment(time(call, "end")?)),
        format!("SUMMARY:{}", escaped(call.text("title")?)),
    ];
    for (field, property) in [("location", "LOCATION"), ("description", "DESCRIPTION")] {
        if let Some(text) = call.input().get(field).and_then(Json::as_str) {
            lines.push(format!("{property}:{}", escaped(text)));
        }
    }
    lines.extend(["END:VEVENT".to_owned(), "END:VCALENDAR".to_owned()]);
    Ok(lines.iter().map(|line| folded(line)).collect())
}

fn time(call: &Call, name: &str) -> Result<i64, Error> {
    let text = call.text(name)?;
    words::parse_time(text).ok_or_else(|| Error::Permanent(format!("`{name}` is no time: `{text}`")))
}

/// A time in UTC, to the second: `20260131T090000Z`.
fn moment(milliseconds: i64) -> String {
    let text = words::time(milliseconds);
    let seconds = text.split('.').next().unwrap_or_default().trim_end_matches('Z');
    let digits: String = seconds.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    digits + "Z"
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A line, broken where it is too long: it goes on after a space.
fn folded(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 2);
    let mut length = 0;
    for c in line.chars() {
        if length + c.len_utf8() > LINE {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(c);
        length += c.len_utf8();
    }
    out + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_times_are_as_the_standard_has_them() {
        assert_eq!(escaped("a, b; c\\d\r\ne\u{1b}"), "a\\, b\\; c\\\\d\\ne");
        assert_eq!(moment(words::parse_time("2026-01-31T09:05:06.789+02:00").unwrap()), "20260131T070506Z");
        let long = folded(&format!("SUMMARY:{}", "ü".repeat(100)));
        assert!(long.split("\r\n").all(|line| line.len() <= LINE));
        assert_eq!(long.replace("\r\n ", ""), format!("SUMMARY:{}\r\n", "ü".repeat(100)));
    }
}
