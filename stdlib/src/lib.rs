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
pub const MODULES: &[Module] = &[
    Module { name: "std.calendar", path: "std/calendar.gov", text: include_str!("../modules/calendar.gov") },
    Module { name: "std.human", path: "std/human.gov", text: include_str!("../modules/human.gov") },
    Module { name: "std.io.fs", path: "std/io/fs.gov", text: include_str!("../modules/io/fs.gov") },
    Module { name: "std.llm", path: "std/llm.gov", text: include_str!("../modules/llm.gov") },
    Module { name: "std.mail", path: "std/mail.gov", text: include_str!("../modules/mail.gov") },
    Module { name: "std.net.http", path: "std/net/http.gov", text: include_str!("../modules/net/http.gov") },
    Module { name: "std.sys.exec", path: "std/sys/exec.gov", text: include_str!("../modules/sys/exec.gov") },
    Module { name: "std.webhook", path: "std/webhook.gov", text: include_str!("../modules/webhook.gov") },
];

/// The module of this name.
pub fn module(name: &str) -> Option<Module> {
    MODULES.iter().copied().find(|module| module.name == name)
}
