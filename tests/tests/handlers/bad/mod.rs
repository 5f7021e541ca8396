//! Bad input, handler by handler: each kind of it gives a typed failure, which retries and undo go by.
//!
//! What is shown here stands in the table of `docs/reference/handlers.md`; `UPDATE_BAD=1 cargo test -p gov-tests --test handlers
//! bad::the_table` writes it anew.

mod outside;
mod programs;
mod within;

use gov_tests::{Ran, Sandbox};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bad {
    /// Input or answer of another shape.
    Shape,
    /// A secret that is missing, or that is asked for.
    Secret,
    /// An address, a path, a name that the deployment does not allow.
    Refused,
    /// More than is taken.
    Size,
    /// Longer than it may take.
    Time,
    /// Bytes that are no UTF-8.
    Text,
}

/// What it means, as `docs/reference/handlers.md` says what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Permanent,
    Transient,
    Unknown,
    Misfit,
}

/// A call with something bad about it.
pub struct Case {
    bad: Bad,
    kind: Kind,
    /// Steps before it.
    before: &'static str,
    call: &'static str,
    /// What `gov.toml` says for it alone, in place of what it says for the family.
    config: Option<&'static str>,
    /// What the failure says.
    says: &'static str,
}

/// The cases of a handler.
pub struct Family {
    name: &'static str,
    /// Modules and capabilities.
    package: &'static str,
    config: &'static str,
    cases: Vec<Case>,
}

impl Case {
    pub fn new(bad: Bad, kind: Kind, call: &'static str, says: &'static str) -> Case {
        Case { bad, kind, before: "", call, config: None, says }
    }

    /// After these steps.
    pub fn after(self, before: &'static str) -> Case {
        Case { before, ..self }
    }

    /// With this `gov.toml`.
    pub fn with(self, config: &'static str) -> Case {
        Case { config: Some(config), ..self }
    }
}

/// A table of cases: what is bad, what it means, the call, what it says.
pub fn cases<const N: usize>(rows: [(Bad, Kind, &'static str, &'static str); N]) -> Vec<Case> {
    rows.into_iter().map(|(bad, kind, call, says)| Case::new(bad, kind, call, says)).collect()
}

/// Runs the cases of a family in a folder: after a file was written, whose undo shows what was made of the failure. Words such
/// as `<url>` in packages and `gov.toml` stand for what they are here.
pub fn hold(family: &Family, folder: &Sandbox, words: &[(&str, String)], variables: &[(&str, OsString)]) {
    let fill = |text: &str| words.iter().fold(text.to_owned(), |text, (name, word)| text.replace(name, word));
    let mut package = format!(
        "package bad\n\nuse std.io.fs\n{}\n\npolicy p {{\n    default deny\n    escalate never because \"it is a test\"\n    \
         undo: allow system:rollback to any\n    work: allow agent:clerk to any\n}}\n",
        family.package
    );
    for (number, case) in family.cases.iter().enumerate() {
        package += &format!(
            "\nworkflow case_{number}() {{\n    principal agent:clerk\n    policy p\n{}    \
             step mark = io.fs.write_file {{ path: \"mark\", content: \"done\" }}\n    \
             step bad = {} retry 2 times backoff 1ms..5ms on transient\n}}\n",
            case.before, case.call
        );
    }
    folder.write("bad.gov", fill(&package)).unwrap();
    let configure = |config: &str| folder.write("gov.toml", format!("[package]\nname = \"bad\"\n{config}")).unwrap();
    configure("");
    let gov = |arguments: &[&str]| {
        let mut command = folder.command(".").unwrap();
        command.args(arguments).env_remove("GOV_TEST_NOT_SET");
        Ran::from(command.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap())
    };
    let compiled = gov(&["compile", "bad.gov", "-o", "plan.yaml"]);
    assert_eq!(compiled.code, Some(0), "{}: {compiled:?}", family.name);
    for (number, case) in family.cases.iter().enumerate() {
        configure(&fill(case.config.unwrap_or(family.config)));
        let ran = gov(&["run", "plan.yaml", &format!("case_{number}"), "--format", "json"]);
        let told: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|why| panic!("{why}: {ran:?}"));
        let step = |name: &str| {
            let found = told["steps"].as_array().unwrap().iter().find(|step| step["step"] == name);
            found.cloned().unwrap_or_default()
        };
        let bad = step("bad");
        let why = bad["reason"].as_str().unwrap_or_default();
        let what = format!("{}, {:?}, {}: {told:#}", family.name, case.bad, case.call);
        assert!(why.contains(&fill(case.says)) || case.kind == Kind::Unknown, "{what}");
        // What is known not to be done, or done and useless, is followed by an undo; what nobody knows by a question. What was
        // done and is useless may have left something behind.
        let (states, attempts, is_undone) = match case.kind {
            Kind::Permanent => (&["compensated"][..], Some(1), true),
            Kind::Transient => (&["compensated"][..], Some(2), true),
            Kind::Misfit => (&["compensated", "stuck"][..], Some(1), true),
            // Where it is idempotent, it is asked again.
            Kind::Unknown => (&["stuck"][..], None, false),
        };
        assert!(states.iter().any(|state| told["state"] == *state), "{what}");
        assert!(attempts.is_none_or(|attempts| bad["attempts"] == attempts), "{what}");
        assert_eq!(!folder.path("mark").exists(), is_undone, "{what}");
        let _ = std::fs::remove_file(folder.path("mark"));
    }
}

/// What is shown elsewhere, since it takes too long to be lived through here: `handlers/files/tests.rs` has a folder of too many.
const ELSEWHERE: [(&str, Bad, Kind); 1] = [("`sys.archive`", Bad::Size, Kind::Permanent)];

#[test]
fn the_table_in_the_book_says_what_is_shown() {
    let families = within::families()
        .into_iter()
        .chain([within::held_values()])
        .chain(outside::families())
        .chain(programs::families());
    let mut rows: BTreeMap<String, BTreeMap<Bad, BTreeSet<Kind>>> = BTreeMap::new();
    for family in families {
        for case in &family.cases {
            let row = rows.entry(format!("`{}`", family.name)).or_default();
            row.entry(case.bad).or_default().insert(case.kind);
        }
    }
    for (name, bad, kind) in ELSEWHERE {
        rows.entry(name.to_owned()).or_default().entry(bad).or_default().insert(kind);
    }
    let columns = [Bad::Shape, Bad::Secret, Bad::Refused, Bad::Size, Bad::Time, Bad::Text];
    let mut table = String::from(
        "| | another shape | a secret | not allowed | too much | too late | not UTF-8 |\n|---|---|---|---|---|---|---|\n",
    );
    for (name, row) in rows {
        let cells = columns.iter().map(|bad| {
            let kinds = row.get(bad).into_iter().flatten().map(|kind| format!("{kind:?}").to_lowercase());
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            if kinds.is_empty() { "–".to_owned() } else { kinds }
        });
        table += &format!("| {name} | {} |\n", cells.collect::<Vec<_>>().join(" | "));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/handlers.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("<!-- bad input -->\n").expect("the page has a place for the table");
    let (shown, after) = rest.split_once("<!-- end of bad input -->").expect("the table ends");
    if std::env::var_os("UPDATE_BAD").is_some() {
        let page = format!("{before}<!-- bad input -->\n{table}<!-- end of bad input -->{after}");
        std::fs::write(&path, page).unwrap();
        return;
    }
    assert_eq!(shown, table);
}

/// A variable of the environment.
pub fn variable(name: &str, value: impl AsRef<OsStr>) -> (&str, OsString) {
    (name, value.as_ref().to_owned())
}
