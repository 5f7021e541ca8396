//! A case: files that are checked together.

use gov_compiler::package::{Checked, File, Input};
use gov_compiler::verify::Options;
use gov_tests::Sandbox;
use gov_tests::blocks::Block;
use serde_json::Value;

use crate::expected::{Finding, annotate, strip};

/// Files that are checked together.
pub struct Case {
    parts: Vec<Part>,
    /// How it is proved, if it is.
    proved: Option<Proof>,
}

/// How a case is proved.
#[derive(Clone, Copy)]
struct Proof {
    pedantic: bool,
    rlimit: u32,
}

/// A file of a case.
#[derive(Clone)]
pub struct Part {
    /// The number of its block in the suite.
    pub block: usize,
    /// Whether other cases have it, too.
    pub shared: bool,
    path: String,
    /// Its text without expected findings.
    text: String,
    /// How much of it stands before what the block says.
    added: usize,
}

/// What a file begins with whose block does not say it.
const PACKAGE: &str = "package demo\n";

impl Case {
    /// The case of these blocks.
    pub fn of(shared: &[(usize, &Block)], own: &[(usize, &Block)]) -> Case {
        let part = |(block, text): &(usize, &Block), shared: bool| {
            let default = if shared { "shared.gov" } else { "main.gov" };
            let path = text.option("path").unwrap_or(default).to_owned();
            let stripped = strip(&text.text);
            let bare = text.language() == "gov" && !stripped.starts_with("package ") && !text.has("whole");
            let added = if bare { PACKAGE } else { "" };
            Part { block: *block, shared, path, text: format!("{added}{stripped}"), added: added.len() }
        };
        let mut parts = Vec::new();
        for (index, block) in shared.iter().enumerate() {
            let mut part = part(block, true);
            if block.1.option("path").is_none() {
                part.path = format!("shared_{index}.gov");
            }
            parts.push(part);
        }
        parts.extend(own.iter().map(|block| part(block, false)));
        let pedantic = own.iter().any(|(_, block)| block.has("pedantic"));
        let rlimit = own.iter().find_map(|(_, block)| block.option("rlimit")).map(|limit| limit.parse().unwrap());
        let is_proved = pedantic || rlimit.is_some() || own.iter().any(|(_, block)| block.has("proved"));
        let proof = Proof { pedantic, rlimit: rlimit.unwrap_or(Options::default().rlimit) };
        Case { parts, proved: is_proved.then_some(proof) }
    }

    /// The number of its own block, and whether it is proved.
    pub fn own_block(&self) -> (usize, bool) {
        let own = self.parts.iter().rev().find(|part| !part.shared).unwrap();
        (own.block, self.proved.is_some())
    }

    /// Each part with the text that its block should have.
    pub fn run(&self) -> Vec<(Part, String)> {
        let through_files = self.parts.iter().any(|part| part.path.ends_with(".toml"));
        let found = if through_files { self.by_command() } else { self.directly() };
        let part = |part: &Part| {
            let own = found.iter().filter(|(path, _)| *path == part.path);
            let own: Vec<Finding> = own.map(|(_, finding)| part.place(finding)).collect();
            let lead = if part.path.ends_with(".toml") { "# " } else { "//" };
            (part.clone(), annotate(&part.text[part.added..], &own, lead))
        };
        let unplaced: Vec<_> =
            found.iter().filter(|(path, _)| !self.parts.iter().any(|part| part.path == *path)).collect();
        assert!(unplaced.is_empty(), "findings in no file of the case: {unplaced:?}");
        self.parts.iter().map(part).collect()
    }

    /// Its files.
    pub fn input(&self) -> Input {
        let file = |part: &Part| File { path: part.path.clone(), text: part.text.as_str().into() };
        Input { name: None, files: self.parts.iter().map(file).collect(), dependencies: Vec::new() }
    }

    /// What comes of it, proved if it says so.
    pub fn checked(&self) -> Checked {
        let mut checked = gov_compiler::check(&self.input());
        if let Some(Proof { pedantic, rlimit }) = self.proved {
            gov_compiler::prove(&mut checked, &Options { pedantic, rlimit, ..Options::default() }).unwrap();
        }
        checked
    }

    fn directly(&self) -> Vec<(String, Finding)> {
        let checked = self.checked();
        let finding = |found: &gov_compiler::diagnostic::Diagnostic| {
            let span = found.primary.span;
            let kind = format!("{}[{}]", found.severity.name(), found.code);
            let message = said(&found.message, found.help.as_deref());
            let place = checked.sources.path(span.file).to_owned();
            (place, Finding { start: span.start as usize, end: span.end as usize, kind, message })
        };
        checked.diagnostics.iter().map(finding).collect()
    }

    fn by_command(&self) -> Vec<(String, Finding)> {
        let files = self.parts.iter().map(|part| (part.path.as_str(), part.text.as_str()));
        let sandbox = Sandbox::with(files).unwrap();
        let ran = sandbox.gov(["check", "--format", "json"]).unwrap();
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        let finding = |found: &Value| {
            let text = |key: &str| found[key].as_str().unwrap_or_default();
            let offset = |key: &str| usize::try_from(found["span"][key].as_u64().unwrap()).unwrap();
            let kind = format!("{}[{}]", text("severity"), text("code"));
            let message = said(text("message"), found["help"].as_str());
            (text("file").to_owned(), Finding { start: offset("start"), end: offset("end"), kind, message })
        };
        report["diagnostics"].as_array().unwrap().iter().map(finding).collect()
    }
}

impl Part {
    fn place(&self, finding: &Finding) -> Finding {
        let own = |offset: usize| offset.saturating_sub(self.added);
        Finding { start: own(finding.start), end: own(finding.end), ..finding.clone() }
    }
}

/// The message with what was probably meant.
fn said(message: &str, help: Option<&str>) -> String {
    match help.filter(|help| help.starts_with("did you mean")) {
        Some(help) => format!("{message}; {help}"),
        None => message.to_owned(),
    }
}
