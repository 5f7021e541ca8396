//! Texts that no author writes: each gives an error or a tree, and none a crash or a hang.

use gov_grammar::ast::File;
use gov_grammar::{ErrorKind, MAX_DEPTH, MAX_SIZE, Parsed, parse};

/// Reads a text as everything that follows the parser does.
fn read(text: &str) -> Parsed {
    let parsed = parse(text);
    let _ = File::from_tree(&parsed.tree);
    assert_eq!(parsed.tree.text(), text);
    parsed
}

fn too_deep(text: &str) -> bool {
    let parsed = read(text);
    matches!(parsed.errors.as_slice(), [error] if matches!(error.kind, ErrorKind::TooDeep { .. }))
}

/// `open` so many times, something, and `close` as many times.
fn nested(depth: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// Everything in the language that nests, `depth` times, each as a whole file.
fn everything_that_nests(depth: usize) -> Vec<String> {
    let in_expression = [("(", "1", ")"), ("[", "1", "]"), ("{ a: ", "1", "}"), ("len(", "a", ")")];
    let in_type = [("List<", "Int", ">"), ("{ a: ", "Int", "}")];
    let in_workflow = [("if a { ", "", "}"), ("parallel { ", "", "}"), ("for x in y up to 3 { ", "", "}")];
    let expressions = in_expression
        .map(|(open, inner, close)| format!("workflow w() {{ return {} }}", nested(depth, open, inner, close)));
    let types = in_type.map(|(open, inner, close)| format!("type T = {}", nested(depth, open, inner, close)));
    let blocks =
        in_workflow.map(|(open, inner, close)| format!("workflow w() {{ {} }}", nested(depth, open, inner, close)));
    let casts = format!("type T = Int where a as {}", nested(depth, "{ a: Int where a as ", "Int", "}"));
    // An interpolation is two levels: the string and the braces.
    let strings = format!("workflow w() {{ return {} }}", nested(depth.div_ceil(2), "\"{", "a", "}\""));
    expressions.into_iter().chain(types).chain(blocks).chain([casts, strings]).collect()
}

#[test]
fn what_nests_is_read_up_to_the_limit() {
    for text in everything_that_nests(MAX_DEPTH as usize - 2) {
        assert_eq!(read(&text).errors, [], "{text}");
    }
}

#[test]
fn what_nests_deeper_is_one_error() {
    for depth in [MAX_DEPTH as usize + 1, 1_000, 100_000] {
        for text in everything_that_nests(depth) {
            assert!(too_deep(&text), "{}", &text[..60]);
        }
    }
}

#[test]
fn what_nests_without_end_is_an_error() {
    let open =
        ["(", "[", "{", "\"{", "\"", "List<", "if a {", "{ a: ", "capability a.b: read {", "policy p {", "@accept("];
    for open in open {
        for before in
            ["", "type T = Int where ", "type T = ", "workflow w() { ", "workflow w() { return ", "policy p { "]
        {
            assert_ne!(read(&format!("{before}{}", open.repeat(10_000))).errors, [], "{before}{open}…");
        }
    }
}

#[test]
fn brackets_that_do_not_match_do_not_hide_depth() {
    // The scanner sees a closing bracket for each opening one, and the parser none.
    for (open, close) in [("if a { ", ") "), ("{ ", "] "), ("\"{\" \\{ if a \\{", "\n"), ("if \"{\" { ", "}")] {
        let text = format!("workflow w() {{ {}", format!("{open}{close}").repeat(20_000));
        assert_ne!(read(&text).errors, [], "{open}{close}…");
    }
}

#[test]
fn chains_are_flat_or_too_deep() {
    let deep = [
        ("type T = Int where ", "not ", "a"),
        ("type T = Int where ", "- ", "a"),
        ("type T = Int where a", ".a", ""),
        ("type T = Int where a", " + a", ""),
        ("type T = Int where a", " or a", ""),
        ("type T = Int where a", " as Int", ""),
        ("type T = Int where has a", ".a", ""),
    ];
    for (before, link, after) in deep {
        let text = format!("{before}{}{after}", link.repeat(10_000));
        let parsed = parse(text);
        assert_eq!(parsed.errors, [], "{before}{link}…");
        let (_, problems) = File::from_tree(&parsed.tree);
        assert!(
            matches!(problems.as_slice(), [problem] if matches!(problem.kind, ErrorKind::TooDeep { .. })),
            "{link}…"
        );
    }
    let long = format!("workflow w() {{ if a {{}} {} }}", "else if a {} ".repeat(5_000));
    assert_eq!(read(&long).errors, []);
    let wide = format!("workflow w() {{ return [{}] }}", "1, ".repeat(20_000));
    assert_eq!(read(&wide).errors, []);
}

#[test]
fn a_file_past_the_limit_is_not_read() {
    let line = "x".repeat(20 << 20);
    let errors = read(&line).errors;
    assert!(
        matches!(errors.as_slice(), [error] if error.kind == ErrorKind::TooLarge { bytes: 20 << 20 }),
        "{errors:?}"
    );
    assert_eq!(errors[0].span.start as usize, MAX_SIZE);
}

#[test]
fn long_lines_are_read() {
    let size = 1 << 16;
    let garbage = [
        "word ",
        "x",
        "\"",
        "\\\"",
        "{} ",
        "} ",
        "( ",
        "(]",
        "/",
        "// ",
        "-",
        "*",
        "1_",
        "a.",
        "a:",
        ", ",
        "?",
        "\0",
        "step ",
        "allow ",
        "@accept ",
        "\u{202e} ",
        "é",
        "\u{1f600}",
    ];
    for unit in garbage {
        for before in
            ["", "policy p { ", "capability a.b: read { ", "workflow w() { ", "test \"\" { ", "set s = { a.b, "]
        {
            let text = format!("{before}{}", unit.repeat(size / 16 / unit.len()));
            let _ = read(&text);
        }
    }
}

#[test]
fn empty_files_have_nothing_in_them() {
    for text in ["", " ", "\n", "\r\n\t", "// only a comment", "\u{feff}", "\u{feff}\n// only a comment\r\n"] {
        let parsed = read(text);
        assert_eq!(parsed.errors, []);
        assert_eq!(File::from_tree(&parsed.tree).0.items, []);
    }
}

/// `text`: what is wrong, as `FORBIDDEN in a string|outside at start..end`.
fn forbidden(text: &str) -> Vec<(bool, u32, u32)> {
    let stretches = read(text).errors.into_iter().map(|error| match error.kind {
        ErrorKind::Forbidden { in_string, .. } => (in_string, error.span.start, error.span.end),
        kind => unreachable!("{kind:?} in {text:?}"),
    });
    stretches.collect()
}

#[test]
fn characters_that_cannot_be_seen_are_found_where_they_are() {
    assert_eq!(forbidden("role a\0\0 role b"), [(false, 6, 8)]);
    assert_eq!(forbidden("role \u{202e}a"), [(false, 5, 8)]);
    assert_eq!(forbidden("// \u{202e}x\nrole a"), [(false, 3, 6)]);
    assert_eq!(forbidden("test \"\u{202e}\" {}"), [(true, 6, 9)]);
    assert_eq!(forbidden("role a \u{feff}"), [(false, 7, 10)]);
    assert_eq!(forbidden("\u{feff}role a"), []);
}

#[test]
fn line_ends_of_other_systems_change_nothing() {
    let unix = "/// D.\nrole a // x\npolicy p {\n    default deny\n    /// E.\n    allow a to b.c because \"x\"\n}\n";
    let (windows, unix) = (parse(unix.replace('\n', "\r\n")), parse(unix));
    assert_eq!(windows.errors, []);
    let comments = |parsed: &Parsed| {
        let comments = parsed.tree.nodes().filter(|node| node.kind() == gov_grammar::Kind::COMMENT);
        comments.map(|comment| comment.text().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(comments(&windows), comments(&unix));
    use gov_grammar::ast::Spans;
    let bare = |parsed: &Parsed| File::from_tree(&parsed.tree).0.without_spans();
    assert_eq!(bare(&windows), bare(&unix));
}
