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

/// A module, by its name and the path of its file.
macro_rules! module {
    ($name:literal, $path:literal) => {
        Module { name: $name, path: concat!("std/", $path), text: include_str!(concat!("../modules/", $path)) }
    };
}

/// Every module, by name.
pub const MODULES: &[Module] = &[
    module!("std.calendar", "calendar.gov"),
    module!("std.data.json", "data/json.gov"),
    module!("std.db.postgres", "db/postgres.gov"),
    module!("std.db.sqlite", "db/sqlite.gov"),
    module!("std.human", "human.gov"),
    module!("std.io.fs", "io/fs.gov"),
    module!("std.kv", "kv.gov"),
    module!("std.llm", "llm.gov"),
    module!("std.mail", "mail.gov"),
    module!("std.net.http", "net/http.gov"),
    module!("std.sys.archive", "sys/archive.gov"),
    module!("std.sys.exec", "sys/exec.gov"),
    module!("std.sys.info", "sys/info.gov"),
    module!("std.text.regex", "text/regex.gov"),
    module!("std.text.template", "text/template.gov"),
    module!("std.webhook", "webhook.gov"),
];

/// The module of this name.
pub fn module(name: &str) -> Option<Module> {
    MODULES.iter().copied().find(|module| module.name == name)
}
