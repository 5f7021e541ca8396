//! The standard modules, embedded: what `use std.X` brings in.

/// A standard module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// The name that `use` knows it by.
    pub name: &'static str,
    /// The path that findings in it are shown with.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Every module, by name.
pub const MODULES: &[Module] =
    &[Module { name: "std.io.fs", path: "std/io/fs.gov", text: include_str!("../modules/io/fs.gov") }];

/// The module of this name.
pub fn module(name: &str) -> Option<Module> {
    MODULES.iter().copied().find(|module| module.name == name)
}
