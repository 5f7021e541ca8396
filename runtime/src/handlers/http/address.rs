//! The address of a call: as the plan writes it, with what stands for its placeholders.

use crate::gate::{Error, Piece};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address. What stands for a placeholder is encoded, so that it stays what it stands for: it adds no part to a path and
/// no parameter to a query.
///
/// # Errors
///
/// Permanent, if it is no address, or if a part of its path would be empty, `.` or `..` because of what stands there.
pub(super) fn of(pieces: &[Piece]) -> Result<Url, Error> {
    let mut text = String::new();
    // Where the values of placeholders stand.
    let mut filled = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Written(written) => text.push_str(written),
            Piece::Filled(value) => {
                let start = text.len();
                text.extend(utf8_percent_encode(value, RESERVED));
                filled.push(start..text.len());
            }
        }
    }
    let path = path_of(&text);
    let mut start = path.start;
    for part in text.get(path.clone()).unwrap_or_default().split('/') {
        let end = start + part.len();
        let is_filled = filled.iter().any(|place| (start..=end).contains(&place.start) && place.end <= end);
        let leads_on = !matches!(part.replace("%2E", ".").replace("%2e", ".").as_str(), "" | "." | "..");
        if is_filled && !leads_on {
            let said = if part.is_empty() { "nothing".to_owned() } else { format!("`{part}`") };
            return Err(Error::Permanent(format!("{said} cannot stand for a part of the path of an address")));
        }
        start = end + 1;
    }
    Url::parse(&text).map_err(|error| Error::Permanent(format!("`{text}` is no address: {error}")))
}

/// Where the path stands in the text of an address.
fn path_of(text: &str) -> std::ops::Range<usize> {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let after_scheme = text.find("://").map_or(0, |at| at + 3).min(end);
    let start = text.get(after_scheme..end).and_then(|rest| rest.find('/')).map_or(end, |at| after_scheme + at + 1);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(parts: &[&str]) -> Result<String, Error> {
        let pieces = parts.iter().enumerate().map(|(index, part)| match index % 2 {
            0 => Piece::Written((*part).to_owned()),
            _ => Piece::Filled((*part).to_owned()),
        });
        of(&pieces.collect::<Vec<_>>()).map(|url| url.to_string())
    }

    #[test]
    fn what_stands_for_a_placeholder_stays_in_its_place() {
        let of = |value| address(&["https://a.example/orders/", value, "/lines?x=1"]).unwrap();
        assert_eq!(of("o 1"), "https://a.example/orders/o%201/lines?x=1");
        assert_eq!(of("../admin?y=2#z"), "https://a.example/orders/..%2Fadmin%3Fy%3D2%23z/lines?x=1");
        assert_eq!(of("ä%2e"), "https://a.example/orders/%C3%A4%252e/lines?x=1");
        assert_eq!(of("a\\b"), "https://a.example/orders/a%5Cb/lines?x=1");
        assert_eq!(address(&["https://a.example/?q=", "a&b=c"]).unwrap(), "https://a.example/?q=a%26b%3Dc");
        assert_eq!(address(&["https://a.example/?q=", ""]).unwrap(), "https://a.example/?q=");
        assert_eq!(address(&["https://a.example/v", ".", "5/x"]).unwrap(), "https://a.example/v.5/x");
        assert_eq!(address(&["https://a.example//x/../y"]).unwrap(), "https://a.example//y");
    }

    #[test]
    fn no_value_leads_along_the_path() {
        for value in ["", ".", ".."] {
            assert!(address(&["https://a.example/orders/", value]).is_err(), "{value}");
            assert!(address(&["https://a.example/orders/", value, "/lines"]).is_err(), "{value}");
            assert!(address(&["https://a.example/", value, "?x"]).is_err(), "{value}");
        }
        assert!(address(&["https://a.example/.", "."]).is_err());
        assert!(address(&["https://a.example/", ".", "", "."]).is_err());
    }

    #[test]
    fn no_value_changes_the_host() {
        let evil = address(&["https://", "evil.example/", ".a.example/x"]);
        assert!(evil.is_err(), "{evil:?}");
        assert_eq!(address(&["https://", "eu", ".a.example/x"]).unwrap(), "https://eu.a.example/x");
        let at = address(&["https://", "evil@", "a.example/"]);
        assert!(at.is_err() || at.unwrap().starts_with("https://evil%40a.example"));
    }
}
