//! The laws of reading and formatting, on texts of every kind. The fuzz targets in `tests/fuzz/` try the same for longer.

use gov_tests::generate::{Choices, broken_file, bytes, file};
use gov_tests::laws::{formatting, reading};
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases: 256, max_shrink_iters: 2_000, ..ProptestConfig::default() }
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    (0..1500_usize).prop_flat_map(|length| prop::collection::vec(any::<u8>(), length))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_generated_reads_without_an_error(bytes in choices()) {
        let text = file(&mut Choices::new(&bytes));
        let parsed = reading(&text);
        prop_assert_eq!(&parsed.errors, &[], "{}", text);
        let (_, problems) = gov_grammar::ast::File::from_tree(&parsed.tree);
        prop_assert_eq!(problems, [], "{}", text);
    }

    #[test]
    fn whole_files_are_formatted(bytes in choices()) {
        formatting(&file(&mut Choices::new(&bytes)));
    }

    #[test]
    fn broken_files_are_formatted(bytes in choices()) {
        formatting(&broken_file(&mut Choices::new(&bytes)));
    }

    #[test]
    fn any_text_is_read_and_formatted(text in any::<String>()) {
        formatting(&text);
    }

    #[test]
    fn any_words_are_read_and_formatted(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        formatting(&words.concat());
    }
}

/// What the language is made of, so that any of it comes next to any other.
const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "\"",
    ",",
    ":",
    "=",
    "@",
    "->",
    "..",
    ".",
    "|",
    "?",
    ">=",
    "-",
    "*",
    "\\",
    "//",
    "///",
    "\n",
    " ",
    "\r\n",
    "\0",
    "\u{202e}",
    "\u{feff}",
    "é",
    "a",
    "a.b",
    "agent:a",
    "1",
    "1 USD",
    "10s",
    "0.5",
    "\"s\"",
    "\"{a}\"",
    "List",
    "Money",
    "policy p {",
    "capability a.b: read {",
    "workflow w() {",
    "test \"t\" {",
    "role r",
    "set s = {",
    "type T =",
    "context {",
    "prove n in",
    "package a",
    "use a.b",
    "@accept(G1, \"x\")",
    "input {",
    "output {",
    "effect none",
    "risk low",
    "approval required",
    "compensate with",
    "retry 3 times",
    "timeout 1s",
    "cost",
    "handler http",
    "default deny",
    "escalate",
    "allow",
    "deny",
    "require approval",
    " to ",
    " from ",
    " when ",
    " because ",
    " for ",
    " step x = ",
    " check ",
    " else ",
    " if ",
    " let x = ",
    " return ",
    " parallel ",
    " for x in ",
    " up to 3 ",
    " wait ",
    " expect ",
    " given ",
    " run ",
    " and ",
    " or ",
    " not ",
    " in ",
    " as ",
    " has ",
    " where ",
    " otherwise",
    " with ",
];

/// A byte order mark that is wrong where it stands stays wrong.
#[test]
fn a_mark_does_not_move_to_the_start() {
    for text in ["\n\u{feff}", "\u{feff}\u{feff}", "\u{feff}\n\u{feff}policy p {", " \u{feff}package a"] {
        formatting(text);
    }
}

/// A comment between a type's `>` and a body changes nothing about either.
#[test]
fn a_comment_may_stand_between_a_list_type_and_a_body() {
    let parsed = reading("package a\nworkflow w() -> List<Int where (self > 0)> // why\n{\n    return []\n}\n");
    assert_eq!(parsed.errors, []);
}

/// Every seed of a few gives the same text everywhere, so that a failure elsewhere can be looked at here.
#[test]
fn a_seed_gives_the_same_text() {
    let of = |seed| file(&mut Choices::new(&bytes(seed, 800)));
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
}
