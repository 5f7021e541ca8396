//! What an import makes: the text of a file, and what could not be said in it.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::words;

/// The most fields that an item has written out: schemas can refer to one another without end.
const MOST_FIELDS: u32 = 2_000;

/// A file in the making.
#[derive(Debug, Default)]
pub struct Document {
    /// How many fields the item in the making has.
    fields: u32,
    uses: BTreeSet<&'static str>,
    roles: BTreeSet<String>,
    items: Vec<String>,
    notes: Vec<String>,
    capabilities: BTreeSet<String>,
    names: BTreeSet<(&'static str, String)>,
}

impl Document {
    /// Says that something could not be translated. What is given back is a comment for its place in the file.
    pub fn note(&mut self, place: &str, what: &str) -> String {
        let (place, what) = (words::plain(place), words::plain(what));
        self.notes.push(format!("{place}: {what}"));
        format!("// not translated: {what}\n")
    }

    /// Says that nothing of something could be translated, with no other place for it than between the items.
    pub fn note_apart(&mut self, place: &str, what: &str) {
        let comment = self.note(place, what);
        let place = words::plain(place);
        self.items.push(comment.replacen("not translated: ", &format!("not translated: {place}: "), 1));
    }

    /// Adds an item.
    pub fn item(&mut self, text: String) {
        self.items.push(text);
        self.fields = 0;
    }

    /// Counts a field of the item in the making; false where it has too many.
    pub fn count_field(&mut self) -> bool {
        self.fields += 1;
        self.fields <= MOST_FIELDS
    }

    /// Brings a standard module in.
    pub fn uses(&mut self, module: &'static str) {
        self.uses.insert(module);
    }

    /// Declares a role without members, unless it is there.
    pub fn role(&mut self, name: &str) {
        self.roles.insert(name.to_owned());
    }

    /// Takes a capability's id; false where it is taken.
    pub fn claim(&mut self, id: &str) -> bool {
        self.capabilities.insert(id.to_owned())
    }

    /// Whether a capability of this id is declared here.
    pub fn declares(&self, id: &str) -> bool {
        self.capabilities.contains(id)
    }

    /// A name for an item of a kind that no other has.
    pub fn fresh(&mut self, kind: &'static str, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 2;
        while !self.names.insert((kind, name.clone())) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }

    /// The file, not laid out yet, and what is not in it, a line each.
    pub fn finish(self, package: &str, from: &str) -> (String, Vec<String>) {
        let mut text = format!("// Imported from {}.\n\npackage {package}\n\n", words::plain(from));
        for module in &self.uses {
            let _ = writeln!(text, "use {module}");
        }
        text.push('\n');
        for role in &self.roles {
            let _ = writeln!(text, "/// Asserted by the identity provider.\nrole {role}");
        }
        for item in &self.items {
            let _ = write!(text, "\n{item}\n");
        }
        (text, self.notes)
    }
}
