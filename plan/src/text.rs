//! Words as they are written in source.

use crate::decimal::Decimal;
use crate::types::Currency;
use crate::value::{TIME_MAX, TIME_MIN};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A string as a literal: quotes, escapes, no interpolation.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '{' => out.push_str("\\{"),
            c if c.is_control() || gov_grammar::is_forbidden(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A duration in milliseconds in the largest unit that divides it: `90s`, `2h`, `7d`, `0ms`. One day is `24h`, as people say.
pub fn duration(milliseconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    for (size, unit) in UNITS {
        let is_one_day = unit == "d" && milliseconds.unsigned_abs() == size.unsigned_abs();
        if milliseconds != 0 && milliseconds % size == 0 && !is_one_day {
            return format!("{}{unit}", milliseconds / size);
        }
    }
    format!("{milliseconds}ms")
}

/// A duration as it is written, in milliseconds; `None` where it is none or does not fit 64 bits.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '_').filter(|c| *c != '_').collect();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    let size = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let milliseconds = digits.parse::<i128>().ok()?.checked_mul(size)?;
    i64::try_from(if negative { -milliseconds } else { milliseconds }).ok()
}

/// An amount of money: `12.50 USD`. A whole amount has no point, any other at least two digits after it.
pub fn money(amount: Decimal, currency: Currency) -> String {
    let number = amount.to_string();
    match number.split_once('.') {
        Some((_, fraction)) if fraction.len() < 2 => format!("{number}0 {currency}"),
        _ => format!("{number} {currency}"),
    }
}

/// An amount of money as it is written: the number, one space, the currency. `None` where it is none.
pub fn parse_money(text: &str) -> Option<(Decimal, Currency)> {
    let (number, currency) = text.split_once(' ')?;
    Some((number.parse().ok()?, Currency::new(currency)?))
}

/// A time in milliseconds since 1970, as RFC 3339 has it, in UTC: `2026-01-31T09:00:00Z`.
pub fn time(milliseconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
    let formatted = moment.ok().and_then(|moment| moment.format(&Rfc3339).ok());
    // Outside the years that RFC 3339 can write; no `Time` is.
    formatted.unwrap_or_else(|| format!("{milliseconds}ms since 1970"))
}

/// A time as RFC 3339 has it, in milliseconds since 1970; finer parts of a second are cut off. `None` where it is none, or
/// is outside the years 0 to 9999 in UTC.
pub fn parse_time(text: &str) -> Option<i64> {
    let nanoseconds = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
    // `div_euclid` rounds down before 1970 too.
    let milliseconds = i64::try_from(nanoseconds.div_euclid(1_000_000)).ok()?;
    (TIME_MIN..=TIME_MAX).contains(&milliseconds).then_some(milliseconds)
}
