//! The manifest of a package or a workspace: what `gov.toml` says, with places for what is wrong in it.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{self, Diagnostic};
use crate::errors::package as errors;
use crate::source::{FileId, Span};

/// The name of a manifest's file.
pub const FILE_NAME: &str = "gov.toml";

/// What a manifest says to the compiler. What belongs to one place of running (handlers, roots, hosts, secrets, limits) is
/// left to the runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// `package.name`, where the folder is a package.
    pub name: Option<Located>,
    /// `workspace.members`, where the folder is a workspace: patterns of folders, seen from the manifest's.
    pub members: Option<Vec<Located>>,
    /// `dependencies`, in the order of their names.
    pub dependencies: Vec<Dependency>,
}

/// A text of the manifest and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A package that another one uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The name that `use` knows it by.
    pub name: String,
    /// The folder, seen from the manifest's.
    pub path: Located,
}

const SECTIONS: &[&str] =
    &["package", "workspace", "dependencies", "handlers", "roots", "hosts", "secrets", "limits", "approvals"];

/// Reads a manifest. What can be read is given even where something else is wrong.
pub fn parse(file: FileId, text: &str) -> (Manifest, Vec<Diagnostic>) {
    let mut reader = Reader { file, manifest: Manifest::default(), findings: Vec::new() };
    match DeTable::parse(text) {
        Ok(root) => reader.root(root.get_ref()),
        Err(error) => {
            let span = Span::of(file, error.span().unwrap_or(0..0));
            reader.findings.push(errors::manifest_syntax(span, error.message()));
        }
    }
    diagnostic::sort(&mut reader.findings);
    (reader.manifest, reader.findings)
}

/// Whether a text names a package: names joined by dots, not under `std`.
pub fn is_package_name(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    text.split('.').all(is_name) && text.split('.').next() != Some("std")
}

struct Reader {
    file: FileId,
    manifest: Manifest,
    findings: Vec<Diagnostic>,
}

impl Reader {
    fn root(&mut self, root: &DeTable<'_>) {
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            if !SECTIONS.contains(&name) {
                self.unknown(key, None, SECTIONS);
                continue;
            }
            let Some(table) = value.get_ref().as_table() else {
                self.wrong(value, name, "a table");
                continue;
            };
            match name {
                "package" => self.package(key, table),
                "workspace" => self.workspace(key, table),
                "dependencies" => self.dependencies("", table),
                _ => {}
            }
        }
        if !["package", "workspace"].iter().any(|key| root.contains_key(*key)) && !misspelt(root, SECTIONS) {
            let help = "begin with `[package]` and `name = \"…\"`, or with `[workspace]` and `members = […]`";
            self.findings.push(errors::manifest_missing(Span::new(self.file, 0, 0), "package", help));
        }
    }

    fn package(&mut self, section: &Spanned<std::borrow::Cow<'_, str>>, table: &DeTable<'_>) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "name" => match value.get_ref().as_str() {
                    Some(name) if is_package_name(name) => self.manifest.name = Some(self.located(value, name)),
                    _ => self.wrong(value, "package.name", PACKAGE_NAME),
                },
                _ => self.unknown(key, Some("package"), &["name"]),
            }
        }
        if !table.contains_key("name") && !misspelt(table, &["name"]) {
            let help = "add `name = \"…\"`, the name that every file of the package begins with";
            self.findings.push(errors::manifest_missing(self.span(section), "package.name", help));
        }
    }

    fn workspace(&mut self, section: &Spanned<std::borrow::Cow<'_, str>>, table: &DeTable<'_>) {
        const MEMBERS: &str = "a list of strings";
        let mut members = Vec::new();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref().as_array()) {
                ("members", Some(array)) => {
                    for member in array.iter() {
                        match member.get_ref().as_str() {
                            Some(pattern) => members.push(self.located(member, pattern)),
                            None => self.wrong(member, "workspace.members", MEMBERS),
                        }
                    }
                }
                ("members", None) => self.wrong(value, "workspace.members", MEMBERS),
                _ => self.unknown(key, Some("workspace"), &["members"]),
            }
        }
        if !table.contains_key("members") && !misspelt(table, &["members"]) {
            let help = "add `members = [\"…\"]`, the folders of the packages";
            self.findings.push(errors::manifest_missing(self.span(section), "workspace.members", help));
        }
        self.manifest.members = Some(members);
    }

    /// Reads dependencies. A dotted key is a table in a table to TOML, so that `acme.base = { path = ".." }` is read as
    /// deep as its name has parts.
    fn dependencies(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            match value.get_ref().as_table() {
                Some(inner) if inner.values().any(|value| value.get_ref().is_table()) => {
                    self.dependencies(&format!("{name}."), inner);
                }
                Some(inner) => self.dependency(key, name, inner),
                None => self.wrong(value, &format!("dependencies.{name}"), "a table with a `path`"),
            }
        }
    }

    fn dependency(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, name: String, table: &DeTable<'_>) {
        let section = format!("dependencies.{name}");
        if !is_package_name(&name) {
            let span = self.span(key);
            self.findings.push(errors::manifest_value(span, &section, PACKAGE_NAME));
            return;
        }
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref().as_str()) {
                ("path", Some(path)) => {
                    let path = self.located(value, path);
                    self.manifest.dependencies.push(Dependency { name: name.clone(), path });
                }
                ("path", None) => self.wrong(value, &format!("{section}.path"), "a string"),
                _ => self.unknown(key, Some(&section), &["path"]),
            }
        }
        if !table.contains_key("path") && !misspelt(table, &["path"]) {
            let help = "add `path = \"…\"`, the folder of the package";
            self.findings.push(errors::manifest_missing(self.span(key), &format!("{section}.path"), help));
        }
    }

    fn unknown(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, table: Option<&str>, known: &[&str]) {
        let meant = gov_grammar::closest(key.get_ref(), known.iter().copied());
        self.findings.push(errors::manifest_key(self.span(key), key.get_ref(), table, known, meant));
    }

    fn wrong(&mut self, value: &Spanned<DeValue<'_>>, key: &str, expected: &str) {
        self.findings.push(errors::manifest_value(self.span(value), key, expected));
    }

    fn located(&self, value: &Spanned<DeValue<'_>>, text: &str) -> Located {
        Located { text: text.to_owned(), span: self.span(value) }
    }

    fn span<T>(&self, spanned: &Spanned<T>) -> Span {
        Span::of(self.file, spanned.span())
    }
}

/// Whether a table has a key that it should not have: what is missing is then said once, as that key.
fn misspelt(table: &DeTable<'_>, known: &[&str]) -> bool {
    table.keys().any(|key| !known.contains(&key.get_ref().as_ref()))
}

const PACKAGE_NAME: &str = "names in lower case joined by dots, not under `std`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    /// The manifest, and the findings as `text they point at: message`.
    fn read(text: &str) -> (Manifest, Vec<String>) {
        let mut sources = Sources::new();
        let file = sources.add(FILE_NAME, text);
        let (manifest, findings) = parse(file, text);
        let say = |found: &Diagnostic| format!("{}: {}", sources.slice(found.primary.span), found.message);
        (manifest, findings.iter().map(say).collect())
    }

    #[test]
    fn a_whole_manifest_is_read() {
        let (manifest, findings) = read(
            "[package]\nname = \"acme.support\"\n[dependencies]\nacme.base = { path = \"../base\" }\n\
             \"acme.path\" = { path = \"p\" }\n[handlers.stripe]\nurl = \"x\"\n[roots]\n[hosts]\n[secrets]\n[limits]\n",
        );
        assert_eq!(findings, [""; 0]);
        assert_eq!(manifest.name.unwrap().text, "acme.support");
        let dependencies: Vec<_> =
            manifest.dependencies.iter().map(|d| (d.name.as_str(), d.path.text.as_str())).collect();
        assert_eq!(dependencies, [("acme.base", "../base"), ("acme.path", "p")]);
    }

    #[test]
    fn each_mistake_is_found_where_it_is() {
        let (_, findings) = read(
            "[pakage]\n[package]\nname = \"Acme\"\nnmae = 1\n[workspace]\nmembers = [1]\n[dependencies]\na = \"x\"\n\
             b = { path = 1 }\nc = { paht = \"x\" }\n",
        );
        insta::assert_snapshot!(findings.join("\n"), @r#"
        pakage: `gov.toml` has no key `pakage`
        "Acme": `package.name` must be names in lower case joined by dots, not under `std`
        nmae: `[package]` has no key `nmae`
        1: `workspace.members` must be a list of strings
        "x": `dependencies.a` must be a table with a `path`
        1: `dependencies.b.path` must be a string
        paht: `[dependencies.c]` has no key `paht`
        "#);
    }

    #[test]
    fn what_is_missing_is_said() {
        let read = |text| read(text).1.join("\n");
        insta::assert_snapshot!(read(""), @": `package` is missing");
        insta::assert_snapshot!(read("[package]\n[workspace]\n"), @r"
        package: `package.name` is missing
        workspace: `workspace.members` is missing
        ");
        insta::assert_snapshot!(read("[package\nname = \"a\"\n"), @": `gov.toml` cannot be read: unclosed table, expected `]`");
    }

    #[test]
    fn package_names_are_names_joined_by_dots() {
        assert!(["a", "acme.support", "a1.b_2"].into_iter().all(is_package_name));
        assert!(!["", "a.", ".a", "A", "a b", "1a", "std", "std.io", "a..b"].into_iter().any(is_package_name));
    }
}
