//! A JUnit report, as CI systems read it.

use std::fmt::Write;

use super::Tested;

/// The report of all tests.
pub fn report(tested: &[Tested<'_>]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for package in tested {
        let failed = package.verdicts.iter().filter(|verdict| !verdict.failures.is_empty()).count();
        let (name, count) = (escaped(package.name), package.verdicts.len());
        // Writing into a string cannot fail.
        let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failed}\">");
        for verdict in &package.verdicts {
            let (title, place) = (escaped(&verdict.title), package.place(verdict.at));
            let file = escaped(place.split(':').next().unwrap_or_default());
            let _ = write!(out, "    <testcase classname=\"{name}\" name=\"{title}\" file=\"{file}\"");
            if verdict.failures.is_empty() {
                out.push_str("/>\n");
                continue;
            }
            out.push_str(">\n");
            for failure in &verdict.failures {
                let (message, place) = (escaped(&failure.message), escaped(&package.place(failure.at)));
                let _ = writeln!(out, "      <failure message=\"{message}\">{place}: {message}</failure>");
            }
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// A text inside XML; characters that XML cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        assert_eq!(escaped("a<b & \"c\"\n\u{0}d"), "a&lt;b &amp; &quot;c&quot;&#10;d");
    }
}
