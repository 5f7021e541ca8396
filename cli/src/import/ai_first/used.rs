//! Capabilities that workflows use and no file declares.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::standard;
use super::types::{Type, fields_text};
use crate::import::document::Document;
use crate::import::words;

/// Every capability that workflows use.
#[derive(Debug, Default)]
pub struct Used(BTreeMap<String, Use>);

/// What is known of a capability from how it is used.
#[derive(Debug, Default)]
pub struct Use {
    /// What it is given, and whether some calls do not give it.
    inputs: BTreeMap<String, (Type, bool)>,
    /// What of its result is read.
    pub outputs: BTreeSet<String>,
    /// The risk that steps state, with the step.
    pub risk: Option<(&'static str, String)>,
    /// Whether steps say what undoes it.
    pub undone: bool,
    /// Whether it undoes something.
    pub undoes: bool,
    /// Which steps use it.
    pub steps: Vec<String>,
    calls: usize,
}

impl Used {
    /// What is known of a capability.
    pub fn of(&mut self, id: &str) -> &mut Use {
        self.0.entry(id.to_owned()).or_default()
    }

    /// Declares those that neither a file nor a standard module declares; how many they are.
    pub fn declare(self, document: &mut Document) -> usize {
        let mut count = 0;
        for (id, used) in self.0 {
            if standard::is_theirs(&id) {
                // If it is not there, that is for the check to say.
                standard::uses(document, &id);
            } else if document.claim(&id) {
                document.item(used.declaration(&id));
                count += 1;
            }
        }
        count
    }
}

impl Use {
    /// Takes note of a call with these arguments.
    pub fn call(&mut self, arguments: BTreeMap<String, Type>) {
        let first = self.calls == 0;
        self.calls += 1;
        for (name, (_, optional)) in &mut self.inputs {
            *optional |= !arguments.contains_key(name);
        }
        for (name, ty) in arguments {
            match self.inputs.remove(&name) {
                Some((known, optional)) => self.inputs.insert(name, (known.merge(ty), optional)),
                None => self.inputs.insert(name, (ty, !first)),
            };
        }
    }

    fn declaration(&self, id: &str) -> String {
        let steps = self.steps.join("`, `");
        let mut text = words::docs(&format!("Assumed from its use in `{steps}`: no file declares it."));
        let _ = writeln!(text, "capability {id}: execute {{");
        if !self.inputs.is_empty() {
            let _ = writeln!(text, "input {{ {} }}", fields_text(&self.inputs));
        }
        if !self.outputs.is_empty() {
            let outputs: Vec<String> = self.outputs.iter().map(|name| format!("{name}: String")).collect();
            let _ = writeln!(text, "output {{ {} }}", outputs.join(", "));
        }
        let (reversible, undo) = match (self.undoes, self.undone) {
            (true, _) => ("irreversible", "compensate none because \"it is itself an undo\""),
            (_, true) => ("reversible", "compensate manually because \"the steps that call it say what undoes it\""),
            (_, false) => ("irreversible", "compensate none because \"the file names nothing that undoes it\""),
        };
        let _ = writeln!(text, "effect {reversible} external \"does what its name says (assumed)\"");
        match &self.risk {
            Some((level, step)) => {
                let because = words::quoted(&format!("stated on the step `{step}`"));
                let _ = writeln!(text, "risk {level} because {because}");
            }
            None if reversible == "reversible" => text.push_str("risk high because \"nobody states it (assumed)\"\n"),
            None => text.push_str("risk critical because \"nobody states it, and nothing undoes it (assumed)\"\n"),
        }
        let _ = write!(text, "{undo}\nhandler none\n}}");
        text
    }
}
