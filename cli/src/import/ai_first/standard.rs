//! What the standard modules have, and what AI-First's own library calls it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use gov_compiler::package::{File, Input};
use gov_plan::model::Compensation;

use crate::import::document::Document;

/// A capability of a standard module.
pub struct Standard {
    module: &'static str,
    inputs: Vec<String>,
    undo: Vec<String>,
}

/// Fields that have another name here: the capability, the name there, the name here.
const INPUTS: [(&str, &str, &str); 3] = [
    ("data.json.parse", "json_string", "text"),
    ("data.json.stringify", "data", "value"),
    ("io.fs.write_bytes", "content_base64", "base64"),
];
const OUTPUTS: [(&str, &str, &str); 5] = [
    ("data.json.parse", "data", "value"),
    ("data.json.stringify", "json_string", "text"),
    ("io.fs.hash_file", "checksum_sha256", "sha256"),
    ("sys.info.get_time", "timestamp", "text"),
    ("text.template.render", "rendered", "text"),
];

/// The capability of this id, if a standard module has it.
pub fn find(id: &str) -> Option<&'static Standard> {
    all().get(id)
}

/// Whether an id lies where a standard module's lie.
pub fn is_theirs(id: &str) -> bool {
    let group = |id: &str| id.rsplit_once('.').map(|(group, _)| group.to_owned());
    all().keys().any(|own| group(own) == group(id))
}

/// Brings in every standard module in which a pattern may mean something: it fits a capability, or lies beside some.
pub fn uses(document: &mut Document, pattern: &str) {
    let Some(stem) = pattern.strip_suffix('*') else {
        for (own, standard) in all() {
            if own.rsplit_once('.').map(|(group, _)| group) == pattern.rsplit_once('.').map(|(group, _)| group) {
                document.uses(standard.module);
            }
        }
        return;
    };
    for (own, standard) in all() {
        let beside = own.rsplit_once('.').map(|(group, _)| group) == stem.rsplit_once('.').map(|(group, _)| group);
        if own.starts_with(stem) || (beside && stem.contains('.')) {
            document.uses(standard.module);
        }
    }
}

impl Standard {
    /// The name of a field that a capability takes, if it takes it.
    pub fn input<'n>(&self, id: &str, name: &'n str) -> Option<&'n str> {
        let here = renamed(&INPUTS, id, name);
        self.inputs.iter().any(|own| own == here).then_some(here)
    }

    /// The capabilities that undo it.
    pub fn undo(&self) -> impl Iterator<Item = &str> {
        self.undo.iter().map(String::as_str)
    }
}

/// The name of a field that a capability gives.
pub fn output<'n>(id: &str, name: &'n str) -> &'n str {
    renamed(&OUTPUTS, id, name)
}

fn renamed<'n>(table: &[(&str, &str, &'static str)], id: &str, name: &'n str) -> &'n str {
    table.iter().find(|(own, there, _)| *own == id && *there == name).map_or(name, |(_, _, here)| *here)
}

fn all() -> &'static BTreeMap<String, Standard> {
    static ALL: OnceLock<BTreeMap<String, Standard>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = BTreeMap::new();
        for module in gov_stdlib::MODULES {
            // As a package of its own: only its own text is looked at.
            let text = module.text.replacen("package std.", "package own.", 1);
            let file = File { path: module.path.to_owned(), text: text.as_str().into() };
            let checked = gov_compiler::check(&Input { name: None, files: vec![file], dependencies: Vec::new() });
            for capability in checked.package.into_iter().flat_map(|package| package.capabilities) {
                let inputs = capability.input.iter().map(|field| field.name.clone()).collect();
                let undo = capability.compensation.rows.into_iter().filter_map(|row| match row.value {
                    Compensation::Automatic(call) => Some(call.capability),
                    _ => None,
                });
                all.insert(capability.id, Standard { module: module.name, inputs, undo: undo.collect() });
            }
        }
        all
    })
}
